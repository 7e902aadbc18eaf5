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
      select sequence, last_sequence, epoch, format, records from journal
      where symbol_id = \(symbol) \(limit) and sequence >= coalesce(
        (select max(sequence) from journal where symbol_id = \(symbol) and sequence <= \(from)), 0)
      order by symbol_id, sequence
      """
    let run = UnsafeMutableBufferPointer<Command>.allocate(capacity: Self.largestRun)
    defer { run.deallocate() }
    var expected = from
    var count = 0
    var isFirstRow = true
    var failure: JournalError?
    do {
      try connection.copyOut(select) { row in
        var first = UInt64(bitPattern: row.int64())
        let last = UInt64(bitPattern: row.int64())
        let epoch = UInt64(bitPattern: row.int64())
        let format = row.int16()
        guard format == Journal.format, let bytes = row.next() else {
          failure = .unknownFormat(format)
          return false
        }
        guard var length = copy(bytes, into: run), last &- first &+ 1 == UInt64(length) else {
          failure = .torn(sequence: first)
          return false
        }
        var start = 0
        if isFirstRow, first < expected {
          start = Int(min(expected - first, UInt64(length)))
          first += UInt64(start)
          length -= start
        }
        isFirstRow = false
        if length == 0 { return true }
        guard first == expected else {
          failure = .gap(expected: expected, found: first)
          return false
        }
        if let through { length = Int(min(UInt64(length), through - first + 1)) }
        expected = first + UInt64(length)
        count += length
        return body(
          UnsafeBufferPointer(rebasing: run[start..<(start + length)]), epoch)
      }
    } catch { throw .notStored(error) }
    if let failure { throw failure }
    return count
  }

  /// A row is never larger than a page; records in it are not aligned.
  private static let largestRun = 8192 / MemoryLayout<Command>.stride

  /// How many records there are; nil when that is not a whole number, or none.
  private func copy(
    _ bytes: UnsafeRawBufferPointer, into run: UnsafeMutableBufferPointer<Command>
  ) -> Int? {
    let stride = MemoryLayout<Command>.stride
    guard !bytes.isEmpty, bytes.count % stride == 0, bytes.count <= run.count * stride else {
      return nil
    }
    UnsafeMutableRawBufferPointer(run).copyMemory(from: bytes)
    return bytes.count / stride
  }
}
