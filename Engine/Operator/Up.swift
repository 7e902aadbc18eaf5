import Glibc
import Settings
import Supervision

extension Commands {
  static let up = Command(
    name: "up", summary: "start the exchange and wait until it is ready",
    help: """
      usage: outcry up [--shards N] [--state FOLDER] [--wait SECONDS] [--programs FOLDER]

      Starts PostgreSQL, Redis, the engines, the workers and nginx, and keeps them running in the
      background. Waits until the exchange is ready (--wait, 60 s). Doing it twice does no harm.

        --shards N          that many shards, each with a PostgreSQL, engines, workers and shared
                            memory of its own; remembered. `outcry scale shards N` changes it
                            while they run.
        --programs FOLDER   where the other programs of Outcry lie, if not beside this one

      The settings come from outcry.conf in the state folder, or the file OUTCRY_CONFIG names, and
      from variables such as OUTCRY_PORT (8080); `outcry config` says more. With a database or a
      Redis of yours set, that server is used and none is started.
      """
  ) { arguments in
    let place = try Place(&arguments)
    let seconds = try arguments.option("--wait") ?? "60"
    guard let wait = Int(seconds), wait > 0 else {
      throw Usage("--wait needs a number of seconds", for: "up")
    }
    let shards = try arguments.number("--shards", 1...UInt64(ShardAddresses.most))
    try arguments.end()
    let folder = try StateFolder(creating: place.statePath)
    if let shards { try remember(Int(shards), in: folder) }
    let stack = try place.stack(in: folder)
    let isRunning = SupervisorLock.holder(of: folder.pidFile) != nil
    let supervisor = isRunning ? nil : try Start(place: place, stack: stack).run()

    let probe = Readiness(stack: stack, supervisor: supervisor)
    guard waitUntil(seconds: wait, { probe.isReady || probe.isBeyondHope }), probe.isReady else {
      throw Failure(probe.complaint(after: wait))
    }
    print(isRunning ? "Outcry was up already." : "Outcry is up.")
    print(firstSteps(stack))
  }

  private static func remember(_ count: Int, in folder: StateFolder) throws {
    let known = folder.shardCount
    if count == known { return }
    guard count > known else {
      throw Failure(
        "there are \(known) shards here already, and what they keep; while they run, "
          + "`outcry scale shards \(count)` takes their symbols elsewhere first")
    }
    guard SupervisorLock.holder(of: folder.pidFile) == nil else {
      throw Failure("the exchange runs with \(known) shards: `outcry scale shards \(count)`")
    }
    try folder.rememberShards(count)
  }

  /// Lines that work when they are pasted one after the other, as often as one likes: the account
  /// gets a name of its own each time.
  private static func firstSteps(_ stack: Stack) -> String {
    let address = "http://localhost:\(stack.settings.port)"
    let name = "trader-\(UInt32.random(in: 100_000...999_999))"
    let register =
      "TOKEN=$(curl -s \(address)/api/register -d '{\"name\":\"\(name)\","
      + #""password":"correct horse"}' | sed 's/.*"token":"\([^"]*\)".*/\1/'); echo $TOKEN"#
    let order =
      "curl -s \(address)/api/orders -H \"Authorization: Bearer $TOKEN\" -d "
      + #"'{"symbol":"BTC-USD","side":"buy","type":"limit","price":"70000.00","quantity":"0.5"}'"#
    return """

        \(address)

      Try it:

      \(register)
      \(order); echo
      curl -s \(address)/api/book/BTC-USD; echo

      `outcry status` shows what runs, `make down` stops it; everything it keeps is in
      \(stack.folder.path).
      """
  }
}

/// Brings the supervisor to life where there is none.
private struct Start {
  let place: Place
  let stack: Stack

  /// Returns its process.
  func run() throws -> pid_t {
    let folder = stack.folder
    // What a killed supervisor left would keep ports, sockets and locks.
    let leftovers = Leftovers(of: folder)
    let count = leftovers.stopProcesses()
    if count > 0 { print("stopped \(count) processes that were left from before") }
    try leftovers.removeSegments(of: stack.instances)
    try requirePrograms()
    try requireDatabases()
    try requirePort()
    try SavedEnvironment.write(stack, to: folder)
    try Preparation(of: stack).run(nginxFolder: try place.nginxFolder())

    let log = try LogFile(path: "\(folder.logs)/supervisor.log").open()
    defer { close(log) }
    let own = Files.linkTarget("/proc/self/exe") ?? "outcry"
    let spawn = Spawn(
      command: [
        own, "supervise", "--state", folder.path, "--programs", place.programsFolder,
      ],
      environment: Settings.processEnvironment().merging(stack.environment) { $1 },
      folder: folder.path, output: log)
    return try spawn.start()
  }

  private func requirePrograms() throws {
    for name in ["outcry-engine", "outcry-worker", "outcry-feed"] {
      guard Files.exists("\(place.programsFolder)/\(name)") else {
        throw Failure(
          "\(name) is not in \(place.programsFolder): `make up` builds it, "
            + "or `swift build -c release --product \(name)`")
      }
    }
  }

  /// Shards cannot share one that is named alone.
  private func requireDatabases() throws {
    guard stack.shardCount > 1, !stack.ownsDatabase else { return }
    guard stack.settings.shardDatabases.database(of: stack.shardCount - 1) != nil,
      !stack.configuration.isGiven("database")
    else { throw Failure("\(stack.shardCount) shards need shard_databases, and no database") }
  }

  private func requirePort() throws {
    let port = stack.settings.port
    guard Port.isFree(port) else {
      throw Failure("another program uses port \(port): choose one, OUTCRY_PORT=9000 outcry up")
    }
  }
}
