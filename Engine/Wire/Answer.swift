@_exported import CShared

/// The answer to one command, as the engine knows the order after it.
public typealias Answer = outcry_result

/// One fill of the answered command's own order.
public typealias Fill = outcry_fill

public enum OrderStatus: UInt8, Sendable, CaseIterable {
  case open = 1
  case partiallyFilled
  case filled
  case cancelled
  case expired
  case pendingTrigger
}

public struct AnswerFlags: OptionSet, Sendable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The key was seen before; `sequence` is that of the first command with it.
  public static let duplicate = AnswerFlags(rawValue: 1)
  /// More fills happened than the answer has room for; the rest is in the `trades` table.
  public static let fillsCutShort = AnswerFlags(rawValue: 2)
}
