/// Durations in nanoseconds, sorted into cells that are at most a 512th of their value wide, so
/// that any percentile is exact to 0.2 %, from a nanosecond to eighteen minutes, in fixed memory.
/// Smallest, largest and sum are exact. Two histograms add up cell by cell: percentiles of merged
/// results are those of one recording of all of it.
///
/// Up to 512 every value has a cell of its own; above, each doubling has 512 cells:
///
/// ```
/// value        0 … 511   512 … 1023   1024 … 2047   2048 … 4095   …
/// cells        512       512          512           512
/// a cell       1 ns      1 ns         2 ns          4 ns
/// ```
public struct LatencyHistogram: Equatable, Sendable {
  private static let bits = 9
  private static let largestBits = 40
  public static let cellCount = (largestBits - bits + 1) << bits
  /// What is longer counts as this in the cells; `max` tells how long it was.
  public static let longest = Int64(1) << Int64(largestBits) - 1

  private var cells: [UInt64]
  public private(set) var count: UInt64 = 0
  public private(set) var sum: UInt64 = 0
  public private(set) var max: Int64 = 0
  /// Only meaningful when something was recorded.
  private var smallest = Int64.max

  public init() { cells = Array(repeating: 0, count: LatencyHistogram.cellCount) }

  public var min: Int64 { count == 0 ? 0 : smallest }
  public var mean: Double { count == 0 ? 0 : Double(sum) / Double(count) }
  public var isEmpty: Bool { count == 0 }

  public static func cell(of nanos: Int64) -> Int {
    let value = UInt64(Swift.min(nanos, longest))
    if value < 1 << bits { return Int(value) }
    let shift = 63 - value.leadingZeroBitCount - bits
    return shift << bits + Int(value >> UInt64(shift))
  }

  /// The largest value that belongs to the cell.
  public static func bound(_ cell: Int) -> Int64 {
    if cell < 1 << bits { return Int64(cell) }
    let shift = cell >> bits - 1
    let start = Int64(cell - shift << bits)
    return (start + 1) << Int64(shift) - 1
  }

  public mutating func record(_ nanos: Int64) {
    let nanos = Swift.max(0, nanos)
    cells[LatencyHistogram.cell(of: nanos)] &+= 1
    count &+= 1
    sum &+= UInt64(nanos)
    if nanos > max { max = nanos }
    if nanos < smallest { smallest = nanos }
  }

  public static func += (left: inout LatencyHistogram, right: LatencyHistogram) {
    guard right.count > 0 else { return }
    for cell in left.cells.indices { left.cells[cell] &+= right.cells[cell] }
    left.count &+= right.count
    left.sum &+= right.sum
    left.max = Swift.max(left.max, right.max)
    left.smallest = Swift.min(left.smallest, right.smallest)
  }

  /// Empties it and keeps its memory.
  public mutating func removeAll() {
    guard count > 0 else { return }
    for cell in cells.indices { cells[cell] = 0 }
    count = 0
    sum = 0
    max = 0
    smallest = .max
  }

  /// The duration that this part of all did not exceed: the bound of the cell that the value of
  /// that rank lies in, and never more than the longest one. 0 when nothing was recorded.
  public func quantile(_ part: Double) -> Int64 {
    guard count > 0 else { return 0 }
    let rank = Swift.max(1, UInt64((part * Double(count)).rounded(.up)))
    if rank >= count { return max }
    var below: UInt64 = 0
    for (cell, held) in cells.enumerated() where held > 0 {
      below += held
      if below >= rank { return Swift.min(LatencyHistogram.bound(cell), max) }
    }
    return max
  }

  /// How many durations lie in cells above the one of `nanos`.
  public func count(above nanos: Int64) -> UInt64 {
    cells[(LatencyHistogram.cell(of: nanos) + 1)...].reduce(0, &+)
  }
}

extension LatencyHistogram {
  /// The percentiles that tables show.
  public static let shown: [(name: String, part: Double)] = [
    ("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p99.9", 0.999),
    ("p99.99", 0.9999),
  ]

  /// With every cell that holds something, so that results can be merged later, and the usual
  /// percentiles in microseconds for those who only want to read.
  public var json: JSON {
    var members: [JSON.Member] = [
      .init("count", .int(count)), .init("sum", .int(sum)), .init("min", .int(min)),
      .init("max", .int(max)), .init("mean", .real(mean / 1000)),
    ]
    for (name, part) in LatencyHistogram.shown {
      members.append(.init(name, .real(Double(quantile(part)) / 1000)))
    }
    let held = cells.enumerated().filter { $0.element > 0 }
    members.append(
      .init("cells", .array(held.map { .array([.int($0.offset), .int($0.element)]) })))
    return .object(members)
  }

  /// Nil when the document is not one that `json` made.
  public init?(_ json: JSON) {
    self.init()
    guard let held = json["cells"]?.array, let longest = json["max"]?.int,
      let least = json["min"]?.int, case .number(let digits)? = json["sum"],
      let total = UInt64(digits)
    else { return nil }
    for pair in held {
      guard let pair = pair.array, pair.count == 2, let cell = pair[0].int, let held = pair[1].int,
        cells.indices.contains(cell), held > 0
      else { return nil }
      cells[cell] = UInt64(held)
      count &+= UInt64(held)
    }
    sum = total
    max = Int64(longest)
    if count > 0 { smallest = Int64(least) }
  }
}
