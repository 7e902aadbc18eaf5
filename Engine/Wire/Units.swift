/// A price, counted in the symbol's tick size.
@frozen
public struct Ticks: RawRepresentable, Hashable, Comparable, Sendable {
  public var rawValue: Int64

  @inlinable
  public init(rawValue: Int64) { self.rawValue = rawValue }

  @inlinable
  public static func < (left: Ticks, right: Ticks) -> Bool { left.rawValue < right.rawValue }
}

/// A quantity, counted in the symbol's lot size.
@frozen
public struct Lots: RawRepresentable, Hashable, Comparable, Sendable {
  public var rawValue: Int64

  @inlinable
  public init(rawValue: Int64) { self.rawValue = rawValue }

  @inlinable
  public static func < (left: Lots, right: Lots) -> Bool { left.rawValue < right.rawValue }
}

/// An order id names its symbol too, so that a request for an order needs no other key.
/// 13 bits of symbol and 40 bits of the sequence that accepted it stay below 2^53.
public enum OrderID {
  public static let sequenceBits: UInt64 = 40
  public static let largestSymbol: UInt32 = 8191

  @inlinable
  public static func make(symbol: UInt32, sequence: UInt64) -> UInt64 {
    precondition(symbol <= largestSymbol && sequence >> sequenceBits == 0, "order id overflows")
    return UInt64(symbol) << sequenceBits | sequence
  }

  /// Of the command that placed the order.
  @inlinable
  public static func sequence(of orderID: UInt64) -> UInt64 {
    orderID & (1 << sequenceBits - 1)
  }

  @inlinable
  public static func symbol(of orderID: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: min(orderID >> sequenceBits, UInt64(UInt32.max)))
  }
}
