import CShared
import Glibc
import Postgres
import Processes
import Settings
import SharedMemory
import Store

/// Keeps one engine process running for each symbol of its shard: restarts what dies, with
/// back-off, starts one for a symbol that was added or came, stops that of one that leaves, and
/// tells the workers of all symbols through the directory in shared memory.
public final class EngineManager {
  private struct Engine {
    var pid: pid_t
    var startedAt: Int64
    var isLeaving = false
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
  private let symbols: ShardSymbols
  private var running: [UInt32: Engine] = [:]
  private var brakes: [UInt32: RestartBrake] = [:]
  private var nextPoll: Int64 = 0
  private var nextTakingBack: Int64 = 0
  private var databaseIsAway = false

  public init(settings: Settings, log: Log) throws {
    self.settings = settings
    self.log = log
    exchange = try ExchangeSegment.openOrCreate(Instance(name: settings.instance))
    symbols = ShardSymbols(exchange, settings: settings, log: log)
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
        stopLeaving()
        score?.beat()
        let descriptor = connection?.descriptor ?? -1
        let isCalled = signals.wait(milliseconds: waitMilliseconds(), orReadable: descriptor)
        if isCalled { nextPoll = 0 }
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
      _ = try connection.notifications()
      try symbols.read(connection)
      try symbols.forgetDeparted()
      // Not whenever a notification brings it here.
      if settings.isSharded, Clock.monotonicNanos() >= nextTakingBack {
        nextTakingBack = Clock.monotonicNanos() + EngineManager.pollNanos
        try symbols.takeBack(connection)
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
    let opened = try Connection(settings.accounts, name: "outcry-manager")
    try Schema.migrate(opened, placing: settings.placement(of:))
    try opened.listen(to: Symbols.channel)
    connection = opened
    // The workers read this shard's tables also when none of its symbols has an engine yet.
    if !settings.hasAccounts {
      try? Schema.migrate(try Connection(settings.database, name: "outcry-manager"))
    }
    return opened
  }

  private func startMissing() {
    let now = Clock.monotonicNanos()
    for symbol in symbols.wanted {
      let id = symbol.id
      guard running[id] == nil, brakes[id, default: RestartBrake()].notBefore <= now else {
        continue
      }
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

  /// What such an engine has taken it finishes; requests that still wait are sent on.
  private func stopLeaving() {
    for (id, engine) in running where !engine.isLeaving && !symbols.isWanted(id) {
      log.info("the symbol leaves", ["symbol": symbols.name(id), "child": engine.pid])
      running[id]?.isLeaving = true
      kill(engine.pid, SymbolEngine.leaveSignal)
    }
  }

  private func reap() {
    let now = Clock.monotonicNanos()
    for (id, engine) in running {
      guard let death = Death.of(engine.pid) else { continue }
      running[id] = nil
      guard !engine.isLeaving else {
        // Should it come back, it starts at once.
        brakes[id] = nil
        nextPoll = 0
        continue
      }
      brakes[id, default: RestartBrake()].record(lifetime: now - engine.startedAt, now: now)
      log.warning(
        "engine ended",
        ["symbol": symbols.name(id), "child": engine.pid, "how": death.description])
    }
  }

  /// Until the next poll, or the next start that a brake holds back.
  private func waitMilliseconds() -> Int32 {
    let now = Clock.monotonicNanos()
    var wakeAt = nextPoll
    for id in symbols.wanted.map(\.id) where running[id] == nil {
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
      log.error("engine did not stop in time", ["symbol": symbols.name(id)])
      kill(engine.pid, SIGKILL)
    }
  }
}
