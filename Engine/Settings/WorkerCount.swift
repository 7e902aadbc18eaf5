/// How many worker processes: always the same number, or as many of a range as the load wants.
public struct WorkerCount: Hashable, Sendable, CustomStringConvertible, ExpressibleByIntegerLiteral
{
  /// Shared memory has this many places for them.
  public static let largest = 64

  public let least: Int
  public let most: Int

  public init?(_ least: Int, to most: Int) {
    guard (1...WorkerCount.largest).contains(least), (least...WorkerCount.largest).contains(most)
    else { return nil }
    self.least = least
    self.most = most
  }

  /// `4`, or `2-16`.
  public init?(_ text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { Int($0) }
    guard numbers.count == parts.count, (1...2).contains(parts.count) else { return nil }
    self.init(numbers[0], to: numbers[numbers.count - 1])
  }

  public init(integerLiteral count: Int) {
    guard let own = WorkerCount(count, to: count) else {
      preconditionFailure("\(count) is no number of worker processes")
    }
    self = own
  }

  public var isFixed: Bool { least == most }
  public var description: String { isFixed ? "\(least)" : "\(least)-\(most)" }

  /// Both numbers as one, to be sent along with a signal.
  public var packed: Int32 { Int32(least | most << 8) }

  /// A bare number means just as many.
  public init?(packed: Int32) {
    guard packed > 0 else { return nil }
    let least = Int(packed & 0xff)
    let most = Int(packed >> 8)
    self.init(least, to: most == 0 ? least : most)
  }
}
