import Metrics
import SharedMemory
import Supervision

/// The tables that `status` shows once and `top` every second.
struct Overview {
  let change: FiguresChange

  private var now: ExchangeFigures { change.now }
  private var alive: [ScoreReading] { now.scores.filter(\.isAlive) }

  /// Processes that serve everybody, with what the workers do.
  var processes: String {
    var table = Table([
      "PROCESS", "PID", "STAGE", "SINCE", "REQUESTS/S", "UNDER WAY", "WAITING", "CONNECTIONS",
      "MEMORY",
    ])
    let roles: [Role] = [.poolMaster, .worker, .manager, .feed]
    for score in alive {
      guard let role = score.role, roles.contains(role) else { continue }
      let isWorker = role == .worker
      func shown(_ counter: Int) -> String { isWorker ? "\(score.counters[counter])" : "-" }
      let rate = change.perSecond(WorkerMetric.requests, of: score)
      let started = Int(Clock.wallMicros() - score.startedAt) / 1_000_000
      table.add([
        isWorker ? "worker \(score.number)" : role.label, "\(score.processID)",
        Overview.stage(score), Overview.age(seconds: started),
        isWorker ? Overview.count(rate) : "-", shown(WorkerMetric.underWay),
        shown(WorkerMetric.waiting), shown(WorkerMetric.connections),
        score.residentBytes == 0 ? "-" : "\(score.residentBytes >> 20) MB",
      ])
    }
    return table.text
  }

  /// Symbols in the order given, at most so many lines.
  func symbols(_ changes: [SymbolChange]) -> String {
    var table = Table([
      "SYMBOL", "PID", "ENGINE", "TABLES", "RING", "SEQUENCE", "ORDERS/S", "COMMIT P50", "P99",
      "BEHIND", "LAG", "LAST",
    ])
    for change in changes {
      let figures = change.now
      let own = alive.filter { $0.symbolID == figures.symbol.id }
      let engine = own.first { $0.role == .engine }
      let commits = change[.commit]
      let last = figures.board?.last_price ?? 0
      table.add([
        figures.symbol.name, engine.map { "\($0.processID)" } ?? "-",
        engine.map(Overview.stage) ?? "gone",
        own.first { $0.role == .projection }.map(Overview.stage) ?? "gone",
        "\(figures.ringDepth)", "\(figures.committed)",
        Overview.count(change.commandsPerSecond), Overview.duration(commits.quantile(0.5)),
        Overview.duration(commits.quantile(0.99)), "\(figures.behind)",
        figures.behind == 0 ? "-" : "\(tenths(figures.behindSeconds)) s",
        last == 0 ? "-" : figures.symbol.tick.text(last),
      ])
    }
    return table.text
  }

  /// The busiest first, then by name.
  var busiest: [SymbolChange] {
    change.symbols.sorted { left, right in
      let rates = (left.commandsPerSecond, right.commandsPerSecond)
      return rates.0 == rates.1 ? left.now.symbol.name < right.now.symbol.name : rates.0 > rates.1
    }
  }

  /// What the whole exchange does: a line each for orders, requests, the pool and the servers.
  func summary(_ programs: [ProgramStatus]) -> [String] {
    let orders = change.requests([.order, .batch])
    let all = change.requests()
    func times(_ reading: HistogramReading) -> String {
      let parts = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)]
      return parts.map { "\($0.0) \(Overview.duration(reading.quantile($0.1)))" }
        .joined(separator: "  ")
    }
    let pool = now.pool
    func figure(_ figure: PoolFigure) -> UInt64 { pool[figure] ?? 0 }
    let waiting = now.gauges[.databaseWaiting] ?? 0
    return [
      "orders    \(Overview.count(change.commandsPerSecond)) durable/s  \(times(orders))",
      "requests  \(Overview.count(change.requestsPerSecond))/s  \(times(all))  "
        + "failed \(Overview.count(change.failuresPerSecond))/s",
      "workers   \(figure(.serving)) of \(figure(.target)) serve: \(figure(.active)) active, "
        + "\(figure(.idle)) idle; \(figure(.underWay)) requests under way, "
        + "listen queue \(figure(.listenQueue))",
      "database  \(now.gauges[.databaseBusy] ?? 0) of \(now.gauges[.databaseThreads] ?? 0) "
        + "threads busy, \(waiting) waiting, \(now.gauges[.databaseConnections] ?? 0) connections",
      "servers   PostgreSQL \(state("postgres", programs)), \(part { $0.isJournalUp }) journals; "
        + "Redis \(state("redis", programs)), \(part { $0.isPublishing }) publishers",
    ]
  }

  private func state(_ name: String, _ programs: [ProgramStatus]) -> String {
    guard let program = programs.first(where: { $0.name == name }) else { return "of its own" }
    return program.pid == 0 ? "DOWN" : program.isReady ? "ready" : "starting"
  }

  private func part(_ isWell: (SymbolFigures) -> Bool) -> String {
    "\(now.symbols.count(where: isWell)) of \(now.symbols.count)"
  }

  private func tenths(_ value: Double) -> String {
    let tenths = Int(value * 10)
    return "\(tenths / 10).\(tenths % 10)"
  }

  static func stage(_ score: ScoreReading) -> String { score.stage.map { "\($0)" } ?? "-" }

  static func count(_ rate: Double) -> String {
    rate > 0 && rate < 10 ? "\((rate * 10).rounded() / 10)" : "\(Int(rate.rounded()))"
  }

  /// Nanoseconds, in the unit people think in.
  static func duration(_ nanos: Double?) -> String {
    guard let nanos else { return "-" }
    if nanos < 999_500 { return "\(Int((nanos / 1e3).rounded())) us" }
    let hundredths = Int((nanos / 1e4).rounded())
    let fraction = hundredths % 100
    return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction) ms"
  }

  static func age(seconds: Int) -> String {
    switch max(0, seconds) {
    case ..<120: "\(max(0, seconds)) s"
    case ..<7200: "\(seconds / 60) min"
    case ..<172_800: "\(seconds / 3600) h"
    default: "\(seconds / 86_400) d"
    }
  }
}

extension SymbolFigures {
  fileprivate var isJournalUp: Bool { isEngineAlive && self[EngineMetric.journalIsAway] == 0 }
  fileprivate var isPublishing: Bool { isEngineAlive && self[EngineMetric.redisIsUp] == 1 }
}
