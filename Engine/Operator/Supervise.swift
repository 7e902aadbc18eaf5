import Glibc
import Settings
import Supervision

extension Commands {
  /// Not for people: `up` starts it in the background.
  static let supervise = Command(
    name: "supervise", summary: "keep the programs of the exchange running (what `up` starts)",
    help: """
      usage: outcry supervise [--state FOLDER] [--programs FOLDER]

      Runs in the foreground until it is told to stop, and logs to standard error. `outcry up`
      prepares the state folder and starts this in the background. SIGHUP lets it look again which
      programs there are to be: `outcry scale shards` uses that.
      """
  ) { arguments in
    let place = try Place(&arguments)
    try arguments.end()
    let folder = try place.existing()
    let tools = try Tools.find()
    let makeStack = {
      try Stack(
        folder: folder, environment: Settings.processEnvironment(),
        programsFolder: place.programsFolder, tools: tools)
    }
    let stack = try makeStack()
    guard let lock = try SupervisorLock.take(folder.pidFile) else {
      throw Failure("another supervisor runs for \(folder.path)")
    }
    setsid()
    raiseDescriptorLimit()
    let log = Log(role: "supervisor", level: stack.settings.logLevel)
    var supervisor = try Supervisor(
      programs: stack.programs, in: folder, lock: lock,
      environment: Settings.processEnvironment(), setpriv: stack.tools.setpriv, log: log,
      wanted: { try makeStack().programs })
    try supervisor.run()
    // `down` does this too, for a supervisor that was killed; but there may be nothing left for it
    // to find, when the folder was removed.
    try Leftovers(of: folder).removeSegments(of: try makeStack().instances)
    lock.release()
  }
}

/// For everything that is started from here: nginx needs a descriptor for each client, and a soft
/// limit of 1,024, which many systems set, is soon reached.
private func raiseDescriptorLimit() {
  var limit = rlimit()
  let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
  guard getrlimit(kind, &limit) == 0 else { return }
  limit.rlim_cur = min(limit.rlim_max, 65_536)
  setrlimit(kind, &limit)
}
