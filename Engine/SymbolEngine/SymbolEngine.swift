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

  public init(symbol name: String, settings: Settings, log: Log) {
    self.name = name
    self.settings = settings
    self.log = log
  }

  /// Runs until it is told to stop; returns the exit code.
  public func run(signals: borrowing SignalQueue) throws -> Int32 {
    guard let first = connect(signals) else { return 0 }
    guard let symbol = try Symbols.find(name, first)?.symbol else {
      log.error("no such symbol; `outcry symbols list` shows them", ["symbol": name])
      return EX_DATAERR
    }
    let instance = try Instance(name: settings.instance)
    let exchange = try ExchangeSegment.openOrCreate(instance)
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
      signals.wait(milliseconds: 1000)
      look(at: signals)
    }
    log.info("stopping")
    segment.wakeEngine()
    engine.waitForEnd()
    lock.release()
    return 0
  }

  private func look(at signals: borrowing SignalQueue) {
    while let arrival = signals.next() {
      if arrival.number == SIGTERM || arrival.number == SIGINT { stop.raise() }
    }
  }

  /// Waits for the database as long as it takes; nil when told to stop meanwhile.
  private func connect(_ signals: borrowing SignalQueue) -> Connection? {
    var isFirst = true
    while !stop.isRaised {
      do {
        let connection = try Connection(settings.database, name: "outcry-engine \(name)")
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
