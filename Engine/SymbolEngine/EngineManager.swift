import CShared
import Glibc
import Postgres
import Processes
import Settings
import SharedMemory
import Store

/// Keeps one engine process running for each symbol of the database: restarts what dies, with
/// back-off, starts one for a symbol that was added, and tells the workers of both through the
/// directory in shared memory.
public final class EngineManager {
  private struct Engine {
    var pid: pid_t
    var startedAt: Int64
  }

  private static let managerVariable = "OUTCRY_MANAGER_PID"
  private static let pollNanos: Int64 = 1_000_000_000
  private static let stopNanos: Int64 = 10_000_000_000

  private let settings: Settings
  private let log: Log
  private let exchange: ExchangeSegment
  private let program: String
  private let score: Score?
  private let usage: ProcessUsage
  private var connection: Connection?
  private var symbols: [UInt32: Symbol] = [:]
  private var running: [UInt32: Engine] = [:]
  private var brakes: [UInt32: RestartBrake] = [:]
  private var nextPoll: Int64 = 0
  private var databaseIsAway = false

  public init(settings: Settings, log: Log) throws {
    self.settings = settings
    self.log = log
    exchange = try ExchangeSegment.openOrCreate(Instance(name: settings.instance))
    program = try siblingProgram("outcry-engine")
    score = try exchange.claimScore(.manager)
    usage = ProcessUsage(exchange, role: .manager, score: score)
  }

  /// For an engine: stops when the manager that started it dies, so that the next manager finds
  /// the symbol free. An engine started by hand has no manager.
  public static func endWithManager() throws(SystemCallError) {
    guard let manager = getenv(managerVariable).map({ atoi($0) }) else { return }
    let code = outcry_signal_on_parent_death(SIGTERM)
    guard code == 0 else { throw SystemCallError("prctl", errno: code) }
    // It may have died before the line above.
    if getppid() != manager { raise(SIGTERM) }
  }

  /// Runs until it is told to stop, then stops every engine and waits for it.
  public func run(signals: borrowing SignalQueue) {
    var isStopping = false
    while !isStopping {
      while let arrival = signals.next() {
        if arrival.number == SIGTERM || arrival.number == SIGINT { isStopping = true }
      }
      reap()
      if Clock.monotonicNanos() >= nextPoll { pollSymbols() }
      if !isStopping {
        startMissing()
        score?.beat()
        signals.wait(milliseconds: waitMilliseconds())
      }
    }
    stopAll(signals: signals)
  }

  /// The list of symbols may be out of reach for a while; the engines that run go on.
  private func pollSymbols() {
    nextPoll = Clock.monotonicNanos() + EngineManager.pollNanos
    usage.publish()
    do {
      let connection = try openConnection()
      for stored in try Symbols.list(connection) where symbols[stored.symbol.id] != stored.symbol {
        let isNew = symbols[stored.symbol.id] == nil
        try exchange.add(stored.symbol)
        symbols[stored.symbol.id] = stored.symbol
        log.info(isNew ? "symbol found" : "symbol changed", ["symbol": stored.symbol.name])
      }
      if databaseIsAway { log.info("the database is back") }
      databaseIsAway = false
      score?.set(.idle)
    } catch {
      if !databaseIsAway { log.warning("cannot list the symbols", ["error": "\(error)"]) }
      databaseIsAway = true
      connection = nil
      score?.set(.retrying)
    }
  }

  private func openConnection() throws -> Connection {
    if let connection { return connection }
    let opened = try Connection(settings.database, name: "outcry-manager")
    try Schema.migrate(opened)
    connection = opened
    return opened
  }

  private func startMissing() {
    let now = Clock.monotonicNanos()
    for (id, symbol) in symbols
    where running[id] == nil && brakes[id, default: RestartBrake()].notBefore <= now {
      var spawner = Spawner(program: program, arguments: ["--symbol", symbol.name])
      spawner.environment[EngineManager.managerVariable] = "\(getpid())"
      do {
        running[id] = Engine(pid: try spawner.start(), startedAt: now)
      } catch {
        log.error("cannot start an engine", ["symbol": symbol.name, "error": "\(error)"])
        brakes[id, default: RestartBrake()].record(lifetime: 0, now: now)
      }
    }
  }

  private func reap() {
    let now = Clock.monotonicNanos()
    for (id, engine) in running {
      guard let death = Death.of(engine.pid) else { continue }
      running[id] = nil
      brakes[id, default: RestartBrake()].record(lifetime: now - engine.startedAt, now: now)
      log.warning(
        "engine ended",
        ["symbol": symbols[id]?.name ?? "", "child": engine.pid, "how": death.description])
    }
  }

  /// Until the next poll, or the next start that a brake holds back.
  private func waitMilliseconds() -> Int32 {
    let now = Clock.monotonicNanos()
    var wakeAt = nextPoll
    for id in symbols.keys where running[id] == nil {
      wakeAt = min(wakeAt, brakes[id, default: RestartBrake()].notBefore)
    }
    return Int32(max(1, (wakeAt - now) / 1_000_000 + 1))
  }

  private func stopAll(signals: borrowing SignalQueue) {
    score?.set(.draining)
    for engine in running.values { kill(engine.pid, SIGTERM) }
    let deadline = Clock.monotonicNanos() + EngineManager.stopNanos
    while !running.isEmpty, Clock.monotonicNanos() < deadline {
      signals.wait(milliseconds: 100)
      while signals.next() != nil {}
      for (id, engine) in running where Death.of(engine.pid) != nil { running[id] = nil }
    }
    for (id, engine) in running {
      log.error("engine did not stop in time", ["symbol": symbols[id]?.name ?? ""])
      kill(engine.pid, SIGKILL)
    }
  }
}
