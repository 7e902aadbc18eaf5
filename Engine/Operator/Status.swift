import Glibc
import Settings
import SharedMemory
import Supervision

extension Commands {
  static let status = Command(
    name: "status", summary: "show what runs and how it is doing",
    help: """
      usage: outcry status [--state FOLDER]

      Three tables: the programs; the worker processes; the symbols, each with its engine's process
      and stage, requests waiting in its ring, commands a second and mean time of a commit (both
      measured over half a second), and how many commands its tables are behind.

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
    let instance = try Instance(name: stack.settings.instance)
    if let exchange = try ExchangeSegment.open(instance) {
      let scores = exchange.scores().filter(\.isAlive)
      print("\n" + workers(scores))
      print("\n" + (try symbols(exchange, scores)))
    }
    let isReady = Readiness(stack: stack).isReady
    print("\nhttp://localhost:\(stack.settings.port) is \(isReady ? "ready" : "NOT ready")")
    if !isReady { exit(1) }
  }

  private static func programs(in folder: StateFolder, supervisor: pid_t) -> String {
    var table = Table(["PROGRAM", "PID", "STATE", "RESTARTS", "SINCE"])
    table.add(["supervisor", "\(supervisor)", "running", "-", "-"])
    for program in ProgramStatus.all(in: folder.statusFile) {
      let state = program.pid == 0 ? "waiting" : program.isReady ? "ready" : "starting"
      table.add([
        program.name, program.pid == 0 ? "-" : "\(program.pid)", state, "\(program.restarts)",
        age(seconds: time(nil) - program.since),
      ])
    }
    return table.text
  }

  private static func workers(_ scores: [ScoreReading]) -> String {
    var table = Table(["PROCESS", "PID", "STAGE", "SINCE"])
    let roles: [Role] = [.poolMaster, .worker, .manager, .feed]
    for score in scores {
      guard let role = score.role, roles.contains(role) else { continue }
      let name = role == .worker ? "worker \(score.number)" : "\(role)"
      let started = Int(Clock.wallMicros() - score.startedAt) / 1_000_000
      table.add([name, "\(score.processID)", stage(score), age(seconds: started)])
    }
    return table.text
  }

  private static func symbols(_ exchange: ExchangeSegment, _ scores: [ScoreReading]) throws
    -> String
  {
    let gauges = try exchange.all.compactMap { symbol in
      try SymbolSegment.open(exchange.instance, symbolName: symbol.name, id: symbol.id).map {
        EngineGauge(name: symbol.name, segment: $0)
      }
    }
    usleep(500_000)  // what is measured is a rate
    var table = Table([
      "SYMBOL", "PID", "ENGINE", "TABLES", "RING", "COMMITTED", "BEHIND", "ORDERS/S", "COMMIT",
    ])
    for gauge in gauges {
      let own = scores.filter { $0.symbolID == gauge.segment.symbolID }
      let engine = own.first { $0.role == .engine }
      let reading = gauge.read()
      table.add([
        gauge.name, engine.map { "\($0.processID)" } ?? "-", engine.map(stage) ?? "gone",
        own.first { $0.role == .projection }.map(stage) ?? "gone", "\(gauge.segment.ring.depth)",
        "\(gauge.segment.committedSequence)", "\(gauge.behind)", "\(reading.perSecond)",
        reading.commit,
      ])
    }
    return table.text
  }

  private static func stage(_ score: ScoreReading) -> String {
    score.stage.map { "\($0)" } ?? "-"
  }

  private static func age(seconds: Int) -> String {
    switch max(0, seconds) {
    case ..<120: "\(max(0, seconds)) s"
    case ..<7200: "\(seconds / 60) min"
    case ..<172_800: "\(seconds / 3600) h"
    default: "\(seconds / 86_400) d"
    }
  }
}

/// An engine's counters at one moment, to be compared with a later one.
private struct EngineGauge {
  let name: String
  let segment: SymbolSegment
  private let at = Clock.monotonicNanos()
  private let commands: UInt64
  private let commits: HistogramReading

  init(name: String, segment: SymbolSegment) {
    self.name = name
    self.segment = segment
    commands = segment.metric(EngineMetric.commands)
    commits = segment.histogram(.commit)
  }

  /// Commands that are committed and not yet in the tables of orders and trades.
  var behind: UInt64 {
    let projected = segment.projectedSequence
    return max(segment.committedSequence, projected) - projected
  }

  /// A counter that went back belongs to another engine's segment: nothing is known then.
  func read() -> (perSecond: Int, commit: String) {
    let seconds = Double(Clock.monotonicNanos() - at) / 1e9
    let done = max(segment.metric(EngineMetric.commands), commands) - commands
    let new = segment.histogram(.commit).since(commits)
    guard new.count > 0 else { return (Int(Double(done) / seconds), "-") }
    let hundredths = new.sumNanos / new.count / 10_000
    let fraction = hundredths % 100
    return (
      Int(Double(done) / seconds),
      "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction) ms"
    )
  }
}
