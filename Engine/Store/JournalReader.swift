import Postgres
import Wire

/// Reads a symbol's journal in order, for replay.
public struct JournalReader {
  private let symbol: UInt32
  private let connection: Connection

  /// The connection is used for nothing else while a read runs.
  public init(symbol: UInt32, connection: Connection) {
    self.symbol = symbol
    self.connection = connection
  }

  /// Any number that nobody else locks together with a symbol's.
  static let auditLock = 0x4F43_4155

  /// Until the connection is closed no engine lets the journal forget anything.
  public func keepWhole() throws(PostgresError) {
    _ = try connection.query(
      "select pg_advisory_lock_shared(\(Self.auditLock), $1)", .int32(Int32(symbol)))
  }

  /// The sequence of the first command that is left; nil when there is none.
  public func start() throws(PostgresError) -> UInt64? {
    let rows = try connection.query(
      "select sequence from journal where symbol_id = $1 order by sequence limit 1",
      .int32(Int32(symbol)))
    return rows.isEmpty ? nil : UInt64(bitPattern: rows.int64(0, 0))
  }

  /// Calls with every command from `from` on, in runs of what one row held and with the epoch
  /// of the engine that accepted them; the run is valid during the call only. The body returns
  /// whether it wants more. Returns how many commands it was given.
  @discardableResult
  public func read(
    from: UInt64 = 1, through: UInt64? = nil,
    _ body: (UnsafeBufferPointer<Command>, _ epoch: UInt64) -> Bool
  ) throws(JournalError) -> Int {
    let limit = through.map { "and sequence <= \($0)" } ?? ""
    // The row that holds `from` may start before it.
    let select = """
      select sequence, last_sequence, epoch, format, checksum, records from journal
      where symbol_id = \(symbol) \(limit) and sequence >= coalesce(
        (select max(sequence) from journal where symbol_id = \(symbol) and sequence <= \(from)), 0)
      order by symbol_id, sequence
      """
    let run = JournalRow()
    var expected = from
    var count = 0
    var isFirstRow = true
    var failure: JournalError?
    do {
      try connection.copyOut(select) { fields in
        var row: Row
        do throws(JournalError) { row = try decode(&fields, into: run) } catch {
          failure = error
          return false
        }
        if isFirstRow { row.skip(before: expected) }
        isFirstRow = false
        if row.length == 0 { return true }
        guard row.sequence == expected else {
          failure = .gap(expected: expected, found: row.sequence)
          return false
        }
        if let through { row.length = Int(min(UInt64(row.length), through - row.sequence + 1)) }
        expected = row.sequence + UInt64(row.length)
        count += row.length
        let commands = run.commands[row.start..<(row.start + row.length)]
        return body(UnsafeBufferPointer(rebasing: commands), row.epoch)
      }
    } catch { throw .notStored(error) }
    if let failure { throw failure }
    return count
  }

  /// The wanted part of a row's run of commands.
  private struct Row {
    /// Of its first command.
    var sequence: UInt64
    var epoch: UInt64
    var start = 0
    var length: Int

    mutating func skip(before wanted: UInt64) {
      guard sequence < wanted else { return }
      let skipped = Int(min(wanted - sequence, UInt64(length)))
      sequence += UInt64(skipped)
      start += skipped
      length -= skipped
    }
  }

  /// Throws when the row is not what was written.
  private func decode(_ fields: inout CopyRow, into run: JournalRow) throws(JournalError) -> Row {
    let first = UInt64(bitPattern: fields.int64())
    let last = UInt64(bitPattern: fields.int64())
    let epoch = UInt64(bitPattern: fields.int64())
    let format = fields.int16()
    guard (1...Journal.format).contains(format) else { throw .unknownFormat(format) }
    let checksum = fields.next().map { Int32(bigEndian: $0.loadUnaligned(as: Int32.self)) }
    guard let records = fields.next() else { throw .torn(sequence: first) }
    let expected = Journal.checksum(
      of: records, symbol: symbol, sequence: first, last: last, epoch: epoch)
    guard checksum == (format == 1 ? nil : expected) else {
      throw .damaged(symbol: symbol, sequence: first)
    }
    guard let length = run.read(records, format: format, sequence: first),
      last &- first &+ 1 == UInt64(length)
    else { throw .torn(sequence: first) }
    return Row(sequence: first, epoch: epoch, length: length)
  }
}
