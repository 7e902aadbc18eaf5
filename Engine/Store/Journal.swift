import Postgres
import Wire

/// The ordered record of one symbol's accepted commands: the truth that everything else follows
/// from. One engine, one thread, one connection.
///
/// The primary key (symbol, sequence) is the fence. An engine's batch always starts right after
/// the last command it knows, so two engines that both believe to own the symbol collide on the
/// first key. For that to hold a batch is sent only after the one before it is known to be in.
public final class Journal {
  /// Packed; the rows of format 2 hold commands as they are, those of format 1 without a checksum.
  public static let format: Int16 = 3
  /// What fits a page beside the other columns, with some room for columns to come.
  package static let rowLength = 7680
  /// So that whoever wants one command does not unpack a thousand.
  package static let mostCommandsPerRow = 500

  /// Where a symbol's journal ends; both are zero when it is empty.
  public struct Head: Hashable, Sendable {
    public var sequence: UInt64
    public var epoch: UInt64

    public init(sequence: UInt64, epoch: UInt64) {
      self.sequence = sequence
      self.epoch = epoch
    }
  }

  public enum Outcome: Hashable, Sendable {
    case committed
    /// Not there yet. The old session may still be at it, so this becomes certain only by
    /// appending the same batch again: whichever comes second meets the key.
    case absent
    case fenced(epoch: UInt64)
  }

  /// What an engine's session calls itself, for whoever has to find it.
  public static func sessionName(ofEngineFor symbol: String) -> String { "outcry-engine \(symbol)" }

  public let symbol: UInt32
  let connection: Connection
  private let parameters = Parameters()
  private var pending: UnsafeBufferPointer<Command>?
  private var pendingEpoch: UInt64 = 0
  private let row = UnsafeMutableRawBufferPointer.allocate(
    byteCount: Journal.rowLength, alignment: 8)
  /// Bytes of the newest batch's records, packed.
  public private(set) var batchLength = 0

  public init(symbol: UInt32, connection: Connection) throws(PostgresError) {
    self.symbol = symbol
    self.connection = connection
    // An installation may have turned waiting for the disk off; here it is the whole point.
    try connection.run(
      """
      select set_config('synchronous_commit', 'on', false)
      where current_setting('synchronous_commit') = 'off'
      """)
    try connection.prepare(
      "append",
      """
      insert into journal
        (symbol_id, sequence, last_sequence, epoch, time, format, checksum, records)
      values ($1, $2, $3, $4, $5, $6, $7, $8)
      """, [.int4, .int8, .int8, .int8, .int8, .int2, .int4, .bytea])
    try connection.enterPipeline()
  }

  deinit { row.deallocate() }

  public func head() throws(PostgresError) -> Head {
    try outsidePipeline { () throws(PostgresError) in
      let rows = try connection.query(
        """
        select last_sequence, epoch from journal
        where symbol_id = $1 order by sequence desc limit 1
        """, .int32(Int32(symbol)))
      guard !rows.isEmpty else { return Head(sequence: 0, epoch: 0) }
      return Head(
        sequence: UInt64(rows.int64(0, 0)), epoch: UInt64(rows.int64(0, 1)))
    }
  }

  /// Stores a batch of consecutive commands in one transaction and waits for the disk.
  public func append(_ records: UnsafeBufferPointer<Command>, epoch: UInt64) throws(JournalError) {
    try send(records, epoch: epoch)
    try awaitCommit()
  }

  /// Hands the batch to PostgreSQL. It must stay in place, unchanged, until `awaitCommit`.
  public func send(_ records: UnsafeBufferPointer<Command>, epoch: UInt64) throws(JournalError) {
    precondition(pending == nil, "the batch before is still under way")
    precondition(!records.isEmpty, "an empty batch")
    do {
      var start = 0
      batchLength = 0
      while start < records.count {
        start += fillParameters(UnsafeBufferPointer(rebasing: records[start...]), epoch: epoch)
        try connection.sendPipeline("append", parameters)
      }
    } catch { throw .notStored(error) }
    pending = records
    pendingEpoch = epoch
    do { try connection.sendPipelineEnd() } catch {
      pending = nil
      throw .outcomeUnknown(error)
    }
  }

  /// Returns when the batch is durable. A batch that was sent a second time, because its first
  /// outcome was not known, and is found to be in already counts as committed.
  public func awaitCommit() throws(JournalError) {
    guard let records = pending else { preconditionFailure("nothing is under way") }
    pending = nil
    let failure: PostgresError
    do {
      try connection.awaitResults()
      return
    } catch { failure = error }
    guard failure.isUniqueViolation else {
      throw failure.connectionLost ? .outcomeUnknown(failure) : .notStored(failure)
    }
    let outcome: Outcome
    do { outcome = try compare(records, epoch: pendingEpoch) } catch { throw .notStored(error) }
    switch outcome {
    case .committed: return
    case .absent: throw .notStored(failure)
    case .fenced(let epoch): throw .fenced(epoch: epoch)
    }
  }

  /// Finds out, on a new connection, what became of a batch that starts at `sequence`.
  public func resolve(sequence: UInt64, epoch: UInt64) throws(PostgresError) -> Outcome {
    try outsidePipeline { () throws(PostgresError) in
      let rows = try connection.query(
        "select epoch from journal where symbol_id = $1 and sequence = $2",
        .int32(Int32(symbol)), .int64(Int64(sequence)))
      guard !rows.isEmpty else { return .absent }
      let found = UInt64(rows.int64(0, 0))
      return found == epoch ? .committed : .fenced(epoch: found)
    }
  }

  /// Whether the row that is in our place is our own. The epoch alone does not say: two engines
  /// that start at the same moment choose the same one, but never write the same bytes.
  private func compare(_ records: UnsafeBufferPointer<Command>, epoch: UInt64)
    throws(PostgresError) -> Outcome
  {
    try outsidePipeline { () throws(PostgresError) in
      let rows = try connection.query(
        "select epoch, records from journal where symbol_id = $1 and sequence = $2",
        .int32(Int32(symbol)), .int64(Int64(records[0].sequence)))
      guard !rows.isEmpty else { return .absent }
      let ours = UnsafeRawBufferPointer(rebasing: row[..<pack(records).length])
      let found = UInt64(rows.int64(0, 0))
      let same = found == epoch && rows.bytes(0, 1).elementsEqual(ours)
      return same ? .committed : .fenced(epoch: found)
    }
  }

  /// Packs a row; returns how many commands are in it.
  private func fillParameters(_ commands: UnsafeBufferPointer<Command>, epoch: UInt64) -> Int {
    let (count, length) = pack(commands)
    let (first, last) = (commands[0].sequence, commands[count - 1].sequence)
    let records = UnsafeRawBufferPointer(rebasing: row[..<length])
    batchLength += length
    parameters.removeAll()
    parameters.add(Int32(symbol))
    parameters.add(Int64(first))
    parameters.add(Int64(last))
    parameters.add(Int64(epoch))
    parameters.add(commands[0].time)
    parameters.add(Journal.format)
    parameters.add(
      Journal.checksum(of: records, symbol: symbol, sequence: first, last: last, epoch: epoch))
    parameters.add(borrowing: records)
    return count
  }

  private func pack(_ commands: UnsafeBufferPointer<Command>) -> (count: Int, length: Int) {
    let most = commands.prefix(Journal.mostCommandsPerRow)
    return CommandPacking.pack(UnsafeBufferPointer(rebasing: most), into: row)
  }

  /// Of a row: its records and where they belong.
  package static func checksum(
    of records: UnsafeRawBufferPointer, symbol: UInt32, sequence: UInt64, last: UInt64,
    epoch: UInt64
  ) -> Int32 {
    let place = (
      UInt64(symbol).littleEndian, sequence.littleEndian, last.littleEndian,
      epoch.littleEndian
    )
    let before = withUnsafeBytes(of: place) { outcry_crc32c(0, $0.baseAddress, $0.count) }
    return Int32(bitPattern: outcry_crc32c(before, records.baseAddress, records.count))
  }

  func outsidePipeline<Found>(_ body: () throws(PostgresError) -> Found)
    throws(PostgresError) -> Found
  {
    precondition(pending == nil, "a batch is under way")
    try connection.leavePipeline()
    let found = try body()
    try connection.enterPipeline()
    return found
  }
}
