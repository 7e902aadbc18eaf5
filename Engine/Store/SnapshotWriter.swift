import Postgres

/// Stores one snapshot, on a connection that does nothing else meanwhile. The bytes may come in
/// pieces of any size and at any pace; until `finish` nobody sees them, and a writer that is
/// dropped leaves nothing behind.
public final class SnapshotWriter {
  private let connection: Connection
  private let copy: CopyWriter
  private let symbol: UInt32
  private let sequence: UInt64
  private let epoch: UInt64
  private var part: [UInt8] = []
  private var parts = 0
  /// Bytes written so far.
  public private(set) var length = 0
  private var checksum = Checksum()
  private var isFinished = false

  public init(
    symbol: UInt32, sequence: UInt64, epoch: UInt64, connection: Connection
  ) throws(PostgresError) {
    self.connection = connection
    self.symbol = symbol
    self.sequence = sequence
    self.epoch = epoch
    copy = CopyWriter(connection)
    part.reserveCapacity(Snapshots.partLength)
    try connection.run("begin")
    // The same place may have been written by an engine that died, or be written again.
    for table in ["snapshot_parts", "snapshots"] {
      _ = try connection.query(
        "delete from \(table) where symbol_id = $1 and sequence = $2", .int32(Int32(symbol)),
        .int64(Int64(sequence)))
    }
    try copy.start(into: "snapshot_parts (symbol_id, sequence, part, bytes)")
  }

  deinit {
    guard !isFinished else { return }
    // In the middle of a copy there is no way back but to end it; either may fail on a
    // connection that is lost, which undoes everything as well.
    try? copy.finish()
    try? connection.run("rollback")
  }

  public func append(_ bytes: UnsafeRawBufferPointer) throws(PostgresError) {
    var rest = bytes
    while !rest.isEmpty {
      let count = min(rest.count, Snapshots.partLength - part.count)
      part.append(contentsOf: rest[..<count])
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      if part.count == Snapshots.partLength { try writePart() }
    }
  }

  /// Makes the snapshot valid.
  public func finish(format: Int16) throws(PostgresError) {
    if !part.isEmpty { try writePart() }
    try copy.finish()
    _ = try connection.query(
      """
      insert into snapshots
        (symbol_id, sequence, epoch, checksum, format, length, parts)
      values ($1, $2, $3, $4, $5, $6, $7)
      """, .int32(Int32(symbol)), .int64(Int64(sequence)), .int64(Int64(epoch)),
      .int64(Int64(bitPattern: checksum.value)),
      .int16(format), .int64(Int64(length)), .int32(Int32(parts)))
    try connection.run("commit")
    isFinished = true
  }

  private func writePart() throws(PostgresError) {
    var failure: PostgresError?
    part.withUnsafeBytes { bytes in
      checksum.absorb(bytes)
      do throws(PostgresError) {
        try copy.startRow(columns: 4)
      } catch { failure = error }
      copy.add(Int32(symbol))
      copy.add(Int64(sequence))
      copy.add(Int32(parts))
      copy.add(bytes)
    }
    if let failure { throw failure }
    parts += 1
    length += part.count
    part.removeAll(keepingCapacity: true)
  }
}
