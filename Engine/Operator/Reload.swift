import Glibc
import Settings
import SharedMemory
import Supervision

extension Commands {
  static let reload = Command(
    name: "reload", summary: "new worker programs and settings, without a failed request",
    help: """
      usage: outcry reload [--state FOLDER]

      Lets nginx and the workers read the configuration file again, and replaces the worker
      processes, their master included, by the program that lies where the old one did: install an
      update, then reload. Nothing is stopped before its successor serves.

      A configuration that is wrong, or a program that does not start, changes nothing; the exit
      status is 1 then, or 78 for the configuration. Engines, PostgreSQL and Redis are left alone:
      what they read is read when they start.
      """
  ) { arguments in
    let place = try Place(&arguments)
    try arguments.end()
    let folder = try place.existing()
    guard SupervisorLock.holder(of: folder.pidFile) != nil else {
      throw Failure("the exchange is down: `outcry up` starts it, with the settings as they are")
    }
    let stack = try place.stack(in: folder)
    let reload = Reload(stack: stack, nginxFolder: try place.nginxFolder())
    let isNginxNew = try reload.nginx()
    let count = try (0..<stack.shardCount).reduce(0) { try $0 + reload.workers(ofShard: $1) }
    print("\(count) worker processes serve with the program and settings that are there now.")
    if isNginxNew { print("nginx reads its new configuration.") }
  }
}

struct Reload {
  let stack: Stack
  let nginxFolder: String

  private static let patienceSeconds = 120

  private func process(_ name: String) throws -> pid_t {
    let program = ProgramStatus.all(in: stack.folder.statusFile).first { $0.name == name }
    guard let program, program.pid != 0 else {
      throw Failure("\(name) does not run; `outcry status` shows what does")
    }
    return program.pid
  }

  /// False when nothing changes for it.
  func nginx() throws -> Bool {
    guard try Preparation(of: stack).renewNginx(from: nginxFolder) else { return false }
    kill(try process("nginx"), SIGHUP)
    return true
  }

  /// How many serve when it is done.
  func workers(ofShard shard: Int) throws -> UInt64 {
    let instance = try Instance(name: stack.instances[shard])
    let name = Stack.instance("worker", ofShard: shard)
    guard let pool = try ExchangeSegment.open(instance)?.pool else {
      throw Failure("the workers have not started yet")
    }
    let begun = pool[.reloads]
    let refused = pool[.reloadsRefused]
    kill(try process(name), SIGHUP)
    let isDone = waitUntil(seconds: Reload.patienceSeconds) {
      if pool[.reloadsRefused] != refused { return true }
      return pool[.reloads] != begun && pool[.outdated] == 0 && pool[.starting] == 0
    }
    guard pool[.reloadsRefused] == refused else {
      throw Failure(
        "the workers are as they were, because the new program does not start:\n" + log(name))
    }
    guard isDone else {
      throw Failure("\(pool[.outdated]) workers were not replaced in time:\n" + log(name))
    }
    return pool[.serving]
  }

  private func log(_ name: String) -> String {
    LogFile(path: "\(stack.folder.logs)/\(name).log").tail(lines: 5).joined(separator: "\n")
  }
}
