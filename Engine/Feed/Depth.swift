public struct DepthLevel: Hashable, Sendable {
  public var price: Int64
  public var quantity: Int64

  public init(price: Int64, quantity: Int64) {
    self.price = price
    self.quantity = quantity
  }
}

/// A committed picture of the book, best levels first: what the engine's board holds.
public struct Depth: Hashable, Sendable {
  public var sequence: UInt64 = 0
  public var time: Int64 = 0
  /// Zero before the first trade.
  public var lastPrice: Int64 = 0
  public var bids: [DepthLevel] = []
  public var asks: [DepthLevel] = []

  public init() {}
}
