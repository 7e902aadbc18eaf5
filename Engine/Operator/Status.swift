import Glibc
import Metrics
import Settings
import SharedMemory
import Supervision

extension Commands {
  static let status = Command(
    name: "status", summary: "show what runs and how it is doing",
    help: """
      usage: outcry status [--state FOLDER]

      The programs; the worker processes and what they have done together; the symbols, each with
      its engine's process and stage, requests waiting in its ring, commands a second and how long
      commits took (both measured over half a second), and how far its tables are behind.
      `outcry top` goes on showing the same.

      Exit status: 0 when the exchange is ready, 1 when it is not, 3 when it is down.
      """
  ) { arguments in
    let place = try Place(&arguments)
    try arguments.end()
    let folder = try place.existing()
    guard let supervisor = SupervisorLock.holder(of: folder.pidFile) else {
      print("Outcry is down: `outcry up` starts it.")
      exit(3)
    }
    let stack = try place.stack(in: folder)
    print(programs(in: folder, supervisor: supervisor))
    for shard in 0..<stack.shardCount {
      if stack.shardCount > 1 { print("\nSHARD \(shard)") }
      try show(stack.settings(ofShard: shard))
    }
    let isReady = Readiness(stack: stack).isReady
    print("\nhttp://localhost:\(stack.settings.port) is \(isReady ? "ready" : "NOT ready")")
    if !isReady { exit(1) }
  }

  /// What runs in one shard.
  private static func show(_ settings: Settings) throws {
    let instance = try Instance(name: settings.instance)
    guard let exchange = try ExchangeSegment.open(instance) else { return }
    let own = settings.isSharded ? UInt32(settings.shard) : nil
    let before = try ExchangeFigures(exchange, shard: own)
    usleep(500_000)  // what is measured are rates
    let change = FiguresChange(from: before, to: try ExchangeFigures(exchange, shard: own))
    let overview = Overview(change: change)
    print("\n" + overview.processes + "\n\n" + PoolStatus(exchange.pool).text)
    print("\n" + overview.symbols(change.symbols))
  }

  private static func programs(in folder: StateFolder, supervisor: pid_t) -> String {
    var table = Table(["PROGRAM", "PID", "STATE", "RESTARTS", "SINCE"])
    table.add(["supervisor", "\(supervisor)", "running", "-", "-"])
    for program in ProgramStatus.all(in: folder.statusFile) {
      let state = program.pid == 0 ? "waiting" : program.isReady ? "ready" : "starting"
      table.add([
        program.name, program.pid == 0 ? "-" : "\(program.pid)", state, "\(program.restarts)",
        Overview.age(seconds: time(nil) - program.since),
      ])
    }
    return table.text
  }
}
