import Glibc
import OrderBook
import Postgres
import Processes
import Settings
import SharedMemory
import Store
import SymbolState
import Wire

/// The engine process of one symbol, from start to stop.
public final class SymbolEngine {
  private static let lockNanos: Int64 = 10_000_000_000
  private static let retryMilliseconds: Int32 = 100

  private let settings: Settings
  private let name: String
  private let log: Log
  private let stop = StopFlag()
  private var isLeaving = false

  /// From the manager: the symbol goes to another shard, which needs no snapshot from here and
  /// should not have to wait for one.
  public static let leaveSignal = SIGUSR1

  public init(symbol name: String, settings: Settings, log: Log) {
    self.name = name
    self.settings = settings
    self.log = log
  }

  /// Runs until it is told to stop; returns the exit code.
  public func run(signals: borrowing SignalQueue) throws -> Int32 {
    guard let first = connect(signals) else { return 0 }
    let instance = try Instance(name: settings.instance)
    let exchange = try ExchangeSegment.openOrCreate(instance)
    guard let symbol = try find(exchange, first) else {
      log.error("no such symbol; `outcry symbols list` shows them", ["symbol": name])
      return EX_DATAERR
    }
    // Asked once more when the journal is fenced off, for nobody may leave in between unseen.
    if try Departures.find(symbol.id, first) != nil { EngineExit.becauseItLeft(log) }
    // The manager has done that already; an engine that is a service of its own has none.
    try exchange.add(symbol)
    let segment = try SymbolSegment.openOrCreate(instance, symbolName: name, id: symbol.id)
    let journal = try Journal(symbol: symbol.id, connection: first)
    guard let lock = try waitForLock(segment, journal, signals) else {
      return stop.isRaised ? 0 : EngineExit.symbolIsHeld
    }
    let reader = try Connection(settings.database, name: "outcry-recovery \(name)")
    let engine = try Takeover(
      symbol, exchange: exchange, lock: lock, settings: settings, log: log, stop: stop
    ).run(journal: journal, reading: reader)
    while !stop.isRaised {
      engine.usage.publish()
      engine.mirror?.tell()
      signals.wait(milliseconds: engine.mirror == nil ? 1000 : 200)
      look(at: signals)
    }
    log.info("stopping")
    segment.wakeEngine()
    if isLeaving {
      engine.waitUntilTold()
      _exit(0)  // the other threads are in the middle of something that nobody needs
    }
    engine.waitForEnd()
    lock.release()
    return 0
  }

  /// Where the table of symbols is another shard's, the directory will do: that shard may be away.
  private func find(_ exchange: ExchangeSegment, _ connection: Connection) throws -> Symbol? {
    if settings.hasAccounts { return try Symbols.find(name, connection)?.symbol }
    if let known = exchange.symbol(named: name) { return known }
    let accounts = try Connection(settings.accounts, name: Journal.sessionName(ofEngineFor: name))
    return try Symbols.find(name, accounts)?.symbol
  }

  private func look(at signals: borrowing SignalQueue) {
    while let arrival = signals.next() {
      if arrival.number == SymbolEngine.leaveSignal { isLeaving = true }
      if arrival.number != SIGCHLD { stop.raise() }
    }
  }

  /// Waits for the database as long as it takes; nil when told to stop meanwhile.
  private func connect(_ signals: borrowing SignalQueue) -> Connection? {
    var isFirst = true
    while !stop.isRaised {
      do {
        let connection = try Connection(
          settings.database, name: Journal.sessionName(ofEngineFor: name))
        try Schema.migrate(connection)
        return connection
      } catch {
        if isFirst { log.warning("waiting for the database", ["error": "\(error)"]) }
        isFirst = false
      }
      signals.wait(milliseconds: SymbolEngine.retryMilliseconds)
      look(at: signals)
    }
    return nil
  }

  /// A predecessor that is stopping still has the lock for a moment.
  private func waitForLock(
    _ segment: SymbolSegment, _ journal: Journal, _ signals: borrowing SignalQueue
  ) throws -> EngineLock? {
    let deadline = Clock.monotonicNanos() + SymbolEngine.lockNanos
    while !stop.isRaised {
      let floor = try journal.head().epoch
      if let lock = try segment.engineLock(epochAbove: floor) { return lock }
      if Clock.monotonicNanos() > deadline {
        log.error("another engine on this host holds the symbol", ["symbol": name])
        return nil
      }
      signals.wait(milliseconds: 20)
      look(at: signals)
    }
    return nil
  }
}
