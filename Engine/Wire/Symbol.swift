/// A decimal unit: `units` of 10^-`digits`. 0.01 is one unit of two digits, 0.05 five of them.
public struct Scale: Hashable, Sendable {
  public var digits: UInt8
  public var units: Int64

  public init(digits: UInt8, units: Int64) {
    precondition(digits <= 18 && units > 0, "a scale needs 0…18 digits and a positive unit")
    self.digits = digits
    self.units = units
  }
}

/// A tradable instrument, as everything outside its order book knows it.
public struct Symbol: Hashable, Sendable {
  public var id: UInt32
  public var name: String
  public var base: String
  public var quote: String
  /// One tick of price.
  public var tick: Scale
  /// One lot of quantity.
  public var lot: Scale
  public var rules: Rules
  public var shard: UInt32

  public init(
    id: UInt32, name: String, base: String, quote: String, tick: Scale, lot: Scale,
    rules: Rules, shard: UInt32 = 0
  ) {
    self.id = id
    self.name = name
    self.base = base
    self.quote = quote
    self.tick = tick
    self.lot = lot
    self.rules = rules
    self.shard = shard
  }
}

extension Rules: @retroactive Hashable {
  public static func == (left: Rules, right: Rules) -> Bool {
    withUnsafeBytes(of: left) { left in
      withUnsafeBytes(of: right) { right in left.elementsEqual(right) }
    }
  }

  public func hash(into hasher: inout Hasher) {
    withUnsafeBytes(of: self) { hasher.combine(bytes: $0) }
  }
}
