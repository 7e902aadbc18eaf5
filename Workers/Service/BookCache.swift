/// Books as they were written lately. A book is read far more often than it changes, and writing
/// its decimals is most of the work. Belongs to one thread.
struct BookCache {
  private struct Entry {
    var symbol: UInt32 = 0
    var depth = 0
    /// Of the board; a board keeps counting for as long as anybody could remember one of its books.
    var version: UInt64 = 0
    var bytes: [UInt8] = []
  }

  private var entries = [Entry](repeating: Entry(), count: 32)

  func find(_ symbol: UInt32, depth: Int, version: UInt64) -> [UInt8]? {
    let entry = entries[place(symbol, depth)]
    guard entry.symbol == symbol, entry.depth == depth, entry.version == version else {
      return nil
    }
    return entry.bytes
  }

  mutating func keep(
    _ bytes: UnsafeRawBufferPointer, _ symbol: UInt32, depth: Int, version: UInt64
  ) {
    let place = place(symbol, depth)
    entries[place].symbol = symbol
    entries[place].depth = depth
    entries[place].version = version
    entries[place].bytes.removeAll(keepingCapacity: true)
    entries[place].bytes.append(contentsOf: bytes)
  }

  private func place(_ symbol: UInt32, _ depth: Int) -> Int {
    (Int(symbol) * 7 + depth) % entries.count
  }
}
