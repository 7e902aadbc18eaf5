import OrderBook
import Postgres
import Replay
import Store
import SymbolState
import TestSupport
import Testing
import Wire

/// A symbol's past made by random commands, stored the way an engine stores it: journal, tables
/// and snapshots.
final class TestMarket {
  let database: String
  let connection: Connection
  let symbol: Symbol
  private(set) var state: SymbolState
  /// The book's picture after each command, of which the first is that before any.
  private(set) var pictures: [BookPicture] = []
  private(set) var commands: [Command] = []
  private var events: EventBuffer
  /// Knows which orders are open, which the generator asks for.
  private var obvious = ObviousBook(mostOrders: 1 << 21, mostRefills: 1 << 20)
  private var random: RandomCommands
  private var dice: SplitMix
  private let journal: Journal
  private var projection: ProjectionWriter?
  private var buffer = ProjectionBuffer(position: 0)
  private(set) var epoch: UInt64 = 1

  init(seed: UInt64) throws {
    database = TestPostgres.shared.newDatabase()
    connection = try Connection(database)
    try Schema.migrate(connection)
    symbol = try #require(try Symbols.find("ETH-USD", connection)).symbol
    state = try SymbolState(symbol: symbol.id)
    events = try EventBuffer(capacity: state.book.mostEventsPerCommand)
    random = RandomCommands(seed: seed)
    dice = SplitMix(seed: seed)
    journal = try Journal(symbol: symbol.id, connection: Connection(database))
    pictures = [BookPicture(of: state, depth: 5)]
  }

  /// Runs so many commands more, of which some are refused, in batches of random size.
  func trade(_ count: Int) throws {
    var batch: [Command] = []
    for number in 0..<count {
      if let command = next() { batch.append(command) }
      if dice.oneIn(30) || number == count - 1 { try store(&batch) }
    }
    try project()
  }

  /// The next command, when it is accepted.
  private func next() -> Command? {
    var command = random.next(obvious.openOrders)
    if command.kind == CommandKind.epoch.rawValue { command.origin = epoch + 1 }
    if dice.oneIn(2) {
      command.setKey(Array("key-\(pictures.count)-\(command.sequence)".utf8))
      let isPlace = command.kind == CommandKind.place.rawValue
      if isPlace { command.flags |= OrderFlags.clientKey.rawValue }
    }
    events.removeAll()
    let now = command.time
    guard case .accepted = state.execute(&command, now: now, events: &events) else { return nil }
    precondition(obvious.apply(command).refusal == nil, "the two books differ")
    events.withEvents { buffer.absorb(command, $0) }
    pictures.append(BookPicture(of: state, depth: 5))
    commands.append(command)
    return command
  }

  /// A new engine's first record begins a row of its own.
  private func store(_ batch: inout [Command]) throws {
    while !batch.isEmpty {
      let isEpoch = batch[0].kind == CommandKind.epoch.rawValue
      if isEpoch { epoch += 1 }
      let later = batch.dropFirst().firstIndex { $0.kind == CommandKind.epoch.rawValue }
      let end = later ?? batch.count
      try Array(batch[..<end]).withUnsafeBufferPointer { try journal.append($0, epoch: epoch) }
      batch.removeFirst(end)
    }
  }

  func project() throws {
    let writer =
      try projection ?? ProjectionWriter(symbol: symbol.id, connection: Connection(database))
    projection = writer
    try writer.write(&buffer)
  }

  /// Stores the state as it is, under this sequence or another one.
  func snapshot() throws {
    let writer = try SnapshotWriter(
      symbol: symbol.id, sequence: state.sequence, epoch: epoch, connection: Connection(database))
    let slice = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 8)
    defer { slice.deallocate() }
    state.beginSnapshot()
    while state.isWritingSnapshot {
      guard let length = state.writeSnapshot(into: slice) else {
        preconditionFailure("the snapshot was given up")
      }
      try writer.append(UnsafeRawBufferPointer(rebasing: slice[..<length]))
    }
    try writer.finish(format: SymbolState.snapshotFormat)
  }

  func verify() throws -> Verification {
    try Verification.run(symbol, database: database, depth: 5)
  }

  /// The difference that verifying finds.
  func difference() throws -> Difference? {
    do { _ = try verify() } catch let difference as Difference { return difference }
    return nil
  }

  /// Runs SQL of which $S is the symbol's id, and demands that it changed something.
  func damage(_ sql: String) throws {
    let sql = sql.split(separator: "$S", omittingEmptySubsequences: false)
      .joined(separator: "\(symbol.id)")
    #expect(try connection.query(sql).affected > 0, "\(sql)")
  }

  /// Gives every row of the journal the checksum that its bytes ask for: what is wrong with them
  /// then shows only in what follows from it.
  func reseal() throws {
    let rows = try connection.query("select sequence, last_sequence, epoch, records from journal")
    for row in 0..<rows.count {
      let checksum = Journal.checksum(
        of: rows.bytes(row, 3), symbol: symbol.id, sequence: UInt64(rows.int64(row, 0)),
        last: UInt64(rows.int64(row, 1)), epoch: UInt64(rows.int64(row, 2)))
      _ = try connection.query(
        "update journal set checksum = $2 where sequence = $1", .int64(rows.int64(row, 0)),
        .int32(checksum))
    }
  }

  /// Has the journal as an earlier program wrote it: commands as they are, 40 a row.
  func unpackJournal() throws {
    let rows = try connection.query(
      "select sequence, last_sequence, epoch from journal where format = \(Journal.format)")
    let reader = JournalReader(symbol: symbol.id, connection: connection)
    for row in 0..<rows.count {
      let (first, last) = (UInt64(rows.int64(row, 0)), UInt64(rows.int64(row, 1)))
      var commands: [Command] = []
      try reader.read(from: first, through: last) { run, _ in
        commands += run
        return true
      }
      try damage("delete from journal where sequence = \(first)")
      while !commands.isEmpty {
        try insert(commands.prefix(40), epoch: rows.int64(row, 2))
        commands = Array(commands.dropFirst(40))
      }
    }
    try reseal()
  }

  private func insert(_ commands: ArraySlice<Command>, epoch: Int64) throws {
    let values = Parameters()
    values.add(Int64(commands.first!.sequence))
    values.add(Int64(commands.last!.sequence))
    values.add(epoch)
    values.add(commands.first!.time)
    try commands.withUnsafeBytes { bytes in
      values.add(bytes: bytes)
      _ = try connection.query(
        """
        insert into journal (sequence, last_sequence, epoch, time, symbol_id, format, records)
        values ($1, $2, $3, $4, \(symbol.id), 2, $5)
        """, values)
    }
  }

  func number(_ sql: String) throws -> Int64 { try connection.query(sql).int64(0, 0) }

  /// A market with snapshots in it.
  static func traded(seed: UInt64, commands: Int = 1500) throws -> TestMarket {
    let market = try TestMarket(seed: seed)
    for _ in 0..<3 {
      try market.trade(commands / 3)
      try market.snapshot()
    }
    try market.trade(50)
    return market
  }
}
