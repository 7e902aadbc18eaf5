import Glibc
import Synchronization

/// Names of what workers count, such as "http/place_order/201", with a number for each. The names
/// lie in shared memory: so programs of different ages, as they meet in a rolling restart, agree
/// about the numbers, and a figure is never shown under another one's name.
extension ExchangeSegment {
  /// What is counted when there is no room for another name.
  public static let otherSeries = 0
  private static let patience = 200
  private static let longestName = Int(OUTCRY_SERIES_NAME) - 1

  /// The number of a name, which it gets at the first call. Not for every request: remember it.
  public func series(_ name: String) -> Int {
    precondition((1...Self.longestName).contains(name.utf8.count), "a name of 1 to 63 bytes")
    if let known = number(of: name, from: 1) { return known }
    // Held for microseconds; a holder that died has let go of it.
    for _ in 0..<Self.patience {
      guard let isMine = try? segment.tryLock(Int64(OUTCRY_LOCK_SERIES)) else { break }
      if isMine {
        defer { segment.unlock(Int64(OUTCRY_LOCK_SERIES)) }
        return number(of: name, from: 1) ?? append(name) ?? Self.otherSeries
      }
      usleep(100)
    }
    return number(of: name, from: 1) ?? Self.otherSeries
  }

  /// By number.
  public var seriesNames: [String] {
    ["other"] + (1..<max(1, seriesCount)).map { String(decoding: bytes($0), as: UTF8.self) }
  }

  /// Numbers that are taken, the one for everything else included.
  private var seriesCount: Int {
    let count = segment.base.word32(Int(OUTCRY_EXCHANGE_SERIES_COUNT))
    return min(Int(count.pointee.load(ordering: .acquiring)), Int(OUTCRY_SERIES))
  }

  private func number(of name: String, from first: Int) -> Int? {
    var index = first
    while index < seriesCount {
      if bytes(index).elementsEqual(name.utf8) { return index }
      index += 1
    }
    return nil
  }

  /// The name first, then the count: who dies between the two has done nothing.
  private func append(_ name: String) -> Int? {
    let number = max(1, seriesCount)
    let offset = Int(OUTCRY_EXCHANGE_SERIES) + number * Int(OUTCRY_SERIES_NAME)
    guard number < Int(OUTCRY_SERIES),
      (try? segment.reserve(offset: offset, length: Int(OUTCRY_SERIES_NAME))) != nil
    else { return nil }
    let entry = segment.base + offset
    entry.storeBytes(of: UInt8(name.utf8.count), as: UInt8.self)
    for (index, byte) in name.utf8.enumerated() {
      entry.storeBytes(of: byte, toByteOffset: 1 + index, as: UInt8.self)
    }
    let count = segment.base.word32(Int(OUTCRY_EXCHANGE_SERIES_COUNT))
    count.pointee.store(UInt32(number + 1), ordering: .releasing)
    return number
  }

  private func bytes(_ number: Int) -> UnsafeRawBufferPointer {
    let entry = segment.base + Int(OUTCRY_EXCHANGE_SERIES) + number * Int(OUTCRY_SERIES_NAME)
    let length = min(Int(entry.load(as: UInt8.self)), Self.longestName)
    return UnsafeRawBufferPointer(start: entry + 1, count: length)
  }
}
