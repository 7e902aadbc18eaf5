import Postgres

public enum SnapshotError: Error, CustomStringConvertible {
  /// It is not what was written: take the one before it.
  case damaged(sequence: UInt64, what: String)
  case database(PostgresError)

  public var description: String {
    switch self {
    case .damaged(let sequence, let what): "the snapshot at \(sequence) is damaged: \(what)"
    case .database(let error): "\(error)"
    }
  }
}

/// One stored snapshot, without its bytes.
public struct SnapshotLabel: Hashable, Sendable {
  public var sequence: UInt64
  public var epoch: UInt64
  public var createdAt: Int64
  /// Of the bytes; says which program can read them.
  public var format: Int16
  public var length: Int
  var checksum: UInt64
  var parts: Int
}

/// One symbol's snapshots: whole states of its engine, as bytes this module does not look into.
public struct Snapshots {
  /// A multiple of eight that fills a page beside the other columns.
  static let partLength = 8064

  private let symbol: UInt32
  private let connection: Connection

  public init(symbol: UInt32, connection: Connection) {
    self.symbol = symbol
    self.connection = connection
  }

  /// Newest first. An engine that recovers asks for those the projection has passed: from an
  /// earlier state it makes the events again that the tables still lack.
  public func labels(through position: UInt64 = UInt64(Int64.max)) throws(PostgresError)
    -> [SnapshotLabel]
  {
    let rows = try connection.query(
      """
      select sequence, epoch, created_at, format, length, checksum, parts
      from snapshots where symbol_id = $1 and sequence <= $2 order by sequence desc
      """, .int32(Int32(symbol)), .int64(Int64(position)))
    var labels: [SnapshotLabel] = []
    for row in 0..<rows.count {
      labels.append(
        SnapshotLabel(
          sequence: UInt64(rows.int64(row, 0)), epoch: UInt64(rows.int64(row, 1)),
          createdAt: rows.int64(row, 2), format: Int16(rows.int64(row, 3)),
          length: Int(rows.int64(row, 4)), checksum: UInt64(bitPattern: rows.int64(row, 5)),
          parts: Int(rows.int64(row, 6))))
    }
    return labels
  }

  /// Calls with the bytes, piece by piece; a piece is valid during the call only. What was
  /// given counts only when this returns: a damaged snapshot is found out at its end.
  public func read(_ label: SnapshotLabel, _ body: (UnsafeRawBufferPointer) -> Void)
    throws(SnapshotError)
  {
    let select = """
      select part, bytes from snapshot_parts
      where symbol_id = \(symbol) and sequence = \(label.sequence)
      order by symbol_id, sequence, part
      """
    var checksum = Checksum()
    var length = 0
    var parts = 0
    var hole = false
    do {
      try connection.copyOut(select) { row in
        let number = row.int32()
        guard let bytes = row.next(), number == parts else {
          hole = true
          return false
        }
        parts += 1
        length += bytes.count
        checksum.absorb(bytes)
        body(bytes)
        return true
      }
    } catch { throw .database(error) }
    func damaged(_ what: String) -> SnapshotError {
      .damaged(sequence: label.sequence, what: what)
    }
    if hole || parts != label.parts { throw damaged("a part is missing") }
    if length != label.length { throw damaged("\(length) bytes instead of \(label.length)") }
    if checksum.value != label.checksum { throw damaged("its checksum differs") }
  }

  /// Removes the journal's rows that end before the sequence, unless somebody is reading them for
  /// an audit; returns how many.
  @discardableResult
  public func forgetJournal(before sequence: UInt64) throws(PostgresError) -> Int {
    try connection.query(
      """
      with audit as materialized (
        select pg_try_advisory_xact_lock(\(JournalReader.auditLock), $1) as is_over)
      delete from journal using audit
      where is_over and symbol_id = $1 and sequence < $2 and last_sequence < $2
      """,
      .int32(Int32(symbol)), .int64(Int64(sequence))
    ).affected
  }

  /// Removes all but the newest, and of those that the tables have passed the newest one at least:
  /// none that is ahead of the tables is of use to an engine that has to start now.
  public func prune(keeping count: Int) throws(PostgresError) {
    precondition(count > 0, "the last snapshot stays")
    try connection.transaction { () throws(PostgresError) in
      for table in ["snapshot_parts", "snapshots"] {
        _ = try connection.query(
          """
          delete from \(table) where symbol_id = $1
            and sequence < (select sequence from snapshots where symbol_id = $1
              order by sequence desc offset $2 limit 1)
            and sequence < (select max(s.sequence)
              from snapshots as s join projections as p using (symbol_id)
              where symbol_id = $1 and s.sequence <= p.sequence)
          """, .int32(Int32(symbol)), .int64(Int64(count - 1)))
      }
    }
  }
}

/// Tells whether bytes are still those that were written. The pieces' borders count, so a
/// snapshot is cut the same way when it is written and when it is read.
struct Checksum {
  private(set) var value: UInt64 = 0x9E37_79B9_7F4A_7C15

  mutating func absorb(_ bytes: UnsafeRawBufferPointer) {
    var hash = value
    let words = bytes.count / 8
    for word in 0..<words {
      let loaded = bytes.loadUnaligned(fromByteOffset: word * 8, as: UInt64.self)
      hash = (hash ^ UInt64(littleEndian: loaded)) &* 0x9FB2_1C65_1E98_DF25
      hash ^= hash >> 32
    }
    for index in (words * 8)..<bytes.count {
      hash = (hash ^ UInt64(bytes[index])) &* 0x9FB2_1C65_1E98_DF25
    }
    value = hash ^ UInt64(bytes.count)
  }
}
