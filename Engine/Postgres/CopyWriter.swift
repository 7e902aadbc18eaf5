import CPostgres

/// Writes rows by `COPY … FROM STDIN (FORMAT binary)`, the cheapest way into a table. Made once
/// for a connection and used for many copies.
public final class CopyWriter {
  private let connection: Connection
  /// Nothing here calls out while it is changed; checking that at run time, for each value, took a
  /// third of the time of the thread that writes the tables.
  @exclusivity(unchecked) private var buffer: ByteArena
  private static let chunk = 60_000
  /// Called whenever so much has been sent; a millisecond's work for the server or so. Whoever is
  /// in no hurry leaves it time between for others.
  public var afterChunk: (() -> Void)?

  public init(_ connection: Connection) {
    self.connection = connection
    buffer = ByteArena(capacity: CopyWriter.chunk + 8192)
  }

  /// Starts a copy into the columns named, for example `orders (order_id, account)`.
  public func start(into columns: String) throws(PostgresError) {
    let sql = "copy \(columns) from stdin (format binary)"
    _ = try connection.checked(PQexec(connection.handle, sql), "copy")
    buffer.removeAll()
    // "PGCOPY\n", 0xFF, "\r\n\0", then no flags and no header extension.
    buffer.append(0x5047_434F_5059_0AFF as UInt64)
    buffer.append(0x0D0A as UInt16)
    buffer.append(0x00 as UInt8)
    buffer.append(0 as Int64)
  }

  public func startRow(columns: Int16) throws(PostgresError) {
    if buffer.count > CopyWriter.chunk {
      try flush()
      afterChunk?()
    }
    buffer.append(columns)
  }

  public func add(_ value: Int64) {
    buffer.append(Int32(8))
    buffer.append(value)
  }

  public func add(_ value: Int32) {
    buffer.append(Int32(4))
    buffer.append(value)
  }

  public func add(_ value: Int16) {
    buffer.append(Int32(2))
    buffer.append(value)
  }

  public func add(_ value: Bool) {
    buffer.append(Int32(1))
    buffer.append(value ? 1 : 0 as UInt8)
  }

  /// Bytes of a `bytea`, or of a `text` when they are UTF-8.
  public func add(_ bytes: UnsafeRawBufferPointer) {
    buffer.append(Int32(bytes.count))
    buffer.append(bytes)
  }

  public func addNull() { buffer.append(Int32(-1)) }

  /// Ends the copy and waits for the server's word.
  public func finish() throws(PostgresError) {
    buffer.append(Int16(-1))
    try flush()
    guard PQputCopyEnd(connection.handle, nil) == 1 else {
      throw PostgresError(connection: connection.handle, call: "copy end")
    }
    var failure: PostgresError?
    while let result = PQgetResult(connection.handle) {
      do throws(PostgresError) {
        _ = try connection.checked(result, "copy end")
      } catch {
        failure = failure ?? error
      }
    }
    if let failure { throw failure }
  }

  private func flush() throws(PostgresError) {
    let bytes = buffer.memory.baseAddress!.assumingMemoryBound(to: CChar.self)
    guard PQputCopyData(connection.handle, bytes, Int32(buffer.count)) == 1 else {
      throw PostgresError(connection: connection.handle, call: "copy")
    }
    buffer.removeAll()
  }
}
