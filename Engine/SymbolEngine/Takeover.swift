import Feed
import OrderBook
import Postgres
import Settings
import SharedMemory
import Store
import SymbolState
import Wire

/// How an engine takes a symbol over: bring the state back, fence off whoever had it before, show
/// the board, start the threads.
struct Takeover {
  private static let projectionCapacity = 1 << 17

  private let symbol: Symbol
  private let settings: Settings
  private let log: Log
  private let lock: EngineLock
  private let exchange: ExchangeSegment
  private let stop: StopFlag
  private let engineScore: Score?
  private let projectionScore: Score?
  private let mirror: SymbolMirror?

  init(
    _ symbol: Symbol, exchange: ExchangeSegment, lock: EngineLock, settings: Settings, log: Log,
    stop: StopFlag
  ) throws {
    self.symbol = symbol
    self.exchange = exchange
    self.lock = lock
    self.settings = settings
    self.log = log
    self.stop = stop
    mirror = SymbolMirror(symbol, settings: settings, log: log)
    engineScore = try exchange.claimScore(.engine, symbolID: symbol.id)
    projectionScore = try exchange.claimScore(.projection, symbolID: symbol.id)
  }

  /// Returns the threads, running.
  func run(journal: Journal, reading reader: Connection) throws -> RunningEngine {
    let start = Clock.monotonicNanos()
    engineScore?.set(.recovering)
    let tables = try Connection(settings.database, name: "outcry-projection \(symbol.name)")
    let writer = try ProjectionWriter(symbol: symbol.id, connection: tables)
    var recovery = try Recovery.replaying(
      symbol, reader: reader, projection: writer, log: log)
    try fence(&recovery, journal)
    if try Departures.find(symbol.id, tables) != nil { EngineExit.becauseItLeft(log) }
    mirror?.note(all: recovery.state.book)
    let board = publishBoard(recovery.state)
    log.info(
      "engine ready",
      [
        "symbol": symbol.name, "epoch": lock.epoch, "snapshot": recovery.lastSnapshot,
        "sequence": recovery.state.sequence,
        "orders": recovery.state.book.openOrders,
        "microseconds": (Clock.monotonicNanos() - start) / 1000,
      ])
    lock.setMetric(EngineMetric.recoveryNanos, to: UInt64(Clock.monotonicNanos() - start))
    lock.addMetric(EngineMetric.recoveries)
    let engine = startThreads(recovery, board, journal, try history(tables))
    // It trades already: nobody waits for this, and without it only a figure is missing.
    if let newest = try? Snapshots(symbol: symbol.id, connection: reader).labels().first {
      lock.showSnapshot(newest.sequence, time: newest.createdAt, length: newest.length)
    }
    return engine
  }

  /// The first record of every engine. A predecessor that still lives, here or on another host,
  /// meets it on its next commit and ends. A symbol's first engine also writes down the rules it
  /// starts with: a replay must not depend on what the symbols table says by then.
  private func fence(_ recovery: inout Recovery, _ journal: Journal) throws {
    var commands: [Command] = []
    if recovery.state.sequence == 0 {
      var configure = Command(.configure)
      configure.rules = symbol.rules
      commands.append(configure)
    }
    var epoch = Command(.epoch)
    epoch.origin = lock.epoch
    // Two engines that start at the same moment on two hosts may choose the same epoch: these
    // bytes tell their records apart.
    withUnsafeMutableBytes(of: &epoch.trace_id) { bytes in
      for index in bytes.indices { bytes[index] = UInt8.random(in: 0...255) }
    }
    commands.insert(epoch, at: 0)
    for index in commands.indices {
      try recovery.accept(&commands[index], now: Clock.wallMicros())
    }
    try commands.withUnsafeBufferPointer { commands throws(JournalError) in
      try journal.append(commands, epoch: lock.epoch)
    }
    try recovery.projection.write(&recovery.buffer)
  }

  private func publishBoard(_ state: borrowing SymbolState) -> BoardPublisher {
    var board = BoardPublisher(writer: lock.boardWriter)
    for side in [Side.buy, .sell] {
      for level in state.book.depth(side, levels: state.book.levelCount(side)).reversed() {
        board.setLevel(side, price: level.price, quantity: level.quantity)
      }
    }
    board.publish(sequence: state.sequence, time: state.time, market: Market(of: state.book))
    lock.setCommitted(state.sequence)
    lock.setProjected(state.sequence)
    return board
  }

  /// The tables are as far as the journal now, and so are their candles.
  private func history(_ tables: Connection) throws -> MarketHistory {
    let since = MarketHistory.firstMinute(at: Clock.wallMicros())
    let found = try Candles.newest(of: symbol.id, minutesSince: since, tables)
    return MarketHistory(newest: found.running, minutes: found.minutes)
  }

  private func feedPublisher(from position: UInt64, _ history: MarketHistory) -> Publisher {
    let board = lock.symbol.board
    let (log, lock) = (log, lock)
    lock.setMetric(EngineMetric.redisIsUp, to: 0)
    return Publisher(
      symbol: symbol, redis: settings.redis, position: position, history: history,
      depth: { $0.read(board) },
      report: { status in
        switch status {
        case .published(let commands): lock.addMetric(EngineMetric.published, commands)
        case .connected:
          lock.setMetric(EngineMetric.redisIsUp, to: 1)
          log.info("publishing to Redis")
        case .lost(let error):
          lock.setMetric(EngineMetric.redisIsUp, to: 0)
          lock.addMetric(EngineMetric.redisLosses)
          log.warning("Redis is away", ["error": "\(error)"])
        case .gap(let missed):
          lock.addMetric(EngineMetric.missed, UInt64(missed.count))
          log.warning(
            "not published", ["first": missed.lowerBound, "last": missed.upperBound])
        }
      })
  }

  private func startThreads(
    _ recovery: consuming Recovery, _ board: BoardPublisher, _ journal: Journal,
    _ history: MarketHistory
  ) -> RunningEngine {
    let desk = lock.desk(in: exchange)
    let (reader, releaser) = lock.ringEnds()
    let inbox = Inbox(capacity: Takeover.projectionCapacity, lock: lock)
    let outbox = SnapshotOutbox()
    let snapshots = SnapshotThread(
      database: settings.database, symbol: symbol, lock: lock, outbox: outbox, log: log,
      stop: stop, newest: recovery.lastSnapshot,
      journalKeep: UInt64(settings.journalKeep))
    let publisher = feedPublisher(from: recovery.state.sequence, history)
    let durable = DurableJournal(
      database: settings.database, symbol: symbol, lock: lock, journal: journal, log: log,
      score: engineScore, stop: stop)
    let teller = Teller(
      lock: lock, desk: desk, releaser: releaser, board: board, tables: inbox,
      feed: publisher.inbox)
    let projection = ProjectionThread(
      database: settings.database, symbol: symbol, writer: recovery.projection,
      buffer: recovery.buffer, inbox: inbox, mirror: mirror, lock: lock, log: log, stop: stop,
      score: projectionScore)
    let matcher = Matcher(
      state: recovery.state, events: recovery.events, reader: reader, desk: desk, lock: lock,
      snapshots: outbox, snapshotEvery: UInt64(settings.snapshotEvery),
      lastSnapshot: recovery.lastSnapshot)
    let engine = EngineThread(
      matcher: matcher, journal: durable, teller: teller,
      batches: (0..<3).map { _ in Batch(bells: lock.bells(in: exchange)) }, lock: lock,
      stop: stop, score: engineScore)
    let telling = [
      ServiceThread("engine") { engine.run() }, ServiceThread("publisher") { publisher.run() },
    ]
    let storing = [
      ServiceThread("projection") { projection.run() },
      ServiceThread("snapshots") { snapshots.run() },
    ]
    (telling + storing).forEach { $0.start() }
    return RunningEngine(
      telling: telling, storing: storing, engine: engine, snapshots: snapshots, mirror: mirror,
      usage: ProcessUsage(exchange, role: .engine, score: engineScore))
  }
}

/// The threads of an engine, and what is left to do when they have ended.
struct RunningEngine {
  let telling: [ServiceThread]
  let storing: [ServiceThread]
  let engine: EngineThread
  let snapshots: SnapshotThread
  let mirror: SymbolMirror?
  let usage: ProcessUsage

  func waitForEnd() {
    (telling + storing).forEach { $0.join() }
    snapshots.storeLast(of: engine.matcher)
    mirror?.tell()
  }

  /// Until all that was taken is durable and told. Who goes on with the symbol makes the tables
  /// from the journal.
  func waitUntilTold() { telling.forEach { $0.join() } }
}
