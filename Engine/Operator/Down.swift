import Glibc
import Settings
import Supervision

extension Commands {
  static let down = Command(
    name: "down", summary: "stop the exchange, leaving nothing running",
    help: """
      usage: outcry down [--state FOLDER]

      Stops everything in order: requests under way are finished, what is committed stays. Removes
      the shared memory too. The data stay in the state folder; remove that folder to wipe them.
      """
  ) { arguments in
    let place = try Place(&arguments)
    try arguments.end()
    guard let folder = StateFolder(existing: place.statePath) else {
      print("Outcry is down: there is no \(place.statePath).")
      return
    }
    let instance = instanceName(in: folder)
    let wasRunning = stopSupervisor(of: folder)
    let leftovers = Leftovers(of: folder)
    let count = leftovers.stopProcesses()
    try leftovers.removeSegments(
      of: (0..<folder.shardCount).map { Stack.instance(instance, ofShard: $0) })
    let rest = leftovers.processes()
    guard rest.isEmpty else {
      throw Failure("these processes do not stop, even when killed: \(rest)")
    }
    unlink(folder.statusFile)
    folder.removeSockets()
    print(wasRunning || count > 0 ? "Outcry is down." : "Outcry was down already.")
    print("Its data are in \(folder.path); remove that folder to wipe them.")
  }

  /// The tools need not be installed to stop what they started, so no `Stack` is made for it; nor
  /// need the configuration be right any more.
  private static func instanceName(in folder: StateFolder) -> String {
    let saved = SavedEnvironment.read(from: folder)
    if let name = saved["OUTCRY_INSTANCE"], Settings.isInstanceName(name) { return name }
    let environment = Settings.processEnvironment().merging(saved) { $1 }
    let found = try? Stack.configuration(of: folder, environment: environment)
    guard let found, found.isGiven("instance") else { return folder.instance }
    return found.settings.instance
  }

  /// The supervisor gets as long as its programs may take together; then it is killed, and with
  /// it, by the kernel, its children.
  private static func stopSupervisor(of folder: StateFolder) -> Bool {
    guard let pid = SupervisorLock.holder(of: folder.pidFile) else { return false }
    kill(pid, SIGTERM)
    func isGone() -> Bool { SupervisorLock.holder(of: folder.pidFile) == nil }
    if !waitUntil(seconds: 90, isGone) {
      printError("the supervisor does not stop; killing it")
      kill(pid, SIGKILL)
      waitUntil(seconds: 5, isGone)
    }
    return true
  }
}
