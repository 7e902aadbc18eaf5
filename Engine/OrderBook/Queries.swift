import Wire

/// One price level as anybody may see it.
public struct DepthLevel: Hashable, Sendable {
  public var price: Int64
  public var quantity: Int64

  public init(price: Int64 = 0, quantity: Int64 = 0) {
    self.price = price
    self.quantity = quantity
  }
}

extension OrderBook {
  public func isOpen(_ id: UInt64) -> Bool { orders.find(id) != 0 }

  public var openOrders: Int { Int(orders.count) }

  /// Of one account, waiting stops included.
  public func openOrders(of account: UInt64) -> Int {
    let slot = accounts.find(account)
    return slot == 0 ? 0 : Int(accounts.records[slot].count)
  }

  /// The best price of a side with what it shows; nil when the side is empty.
  public func best(_ side: Side) -> DepthLevel? {
    let shelf = Shelf.resting(side)
    let level = ladders[shelf].best
    guard level != 0 else { return nil }
    let found = ladders[shelf].levels[level]
    return DepthLevel(price: found.price, quantity: found.shown)
  }

  /// What a price shows.
  public func quantity(_ side: Side, at price: Int64) -> Int64 {
    guard price > 0 else { return 0 }
    let shelf = Shelf.resting(side)
    let level = ladders[shelf].find(price)
    return level == 0 ? 0 : ladders[shelf].levels[level].shown
  }

  public func levelCount(_ side: Side) -> Int { Int(ladders[Shelf.resting(side)].count) }

  /// Writes a side's levels, best first, as many as there are and as have room; returns how many.
  public func depth(_ side: Side, into levels: UnsafeMutableBufferPointer<DepthLevel>) -> Int {
    let shelf = Shelf.resting(side)
    var level = ladders[shelf].best
    var written = 0
    while level != 0 && written < levels.count {
      let found = ladders[shelf].levels[level]
      levels[written] = DepthLevel(price: found.price, quantity: found.shown)
      written += 1
      level = ladders[shelf].next(after: level)
    }
    return written
  }

  public func depth(_ side: Side, levels most: Int) -> [DepthLevel] {
    let count = min(most, levelCount(side))
    return [DepthLevel](unsafeUninitializedCapacity: count) { buffer, initialized in
      initialized = depth(side, into: buffer)
    }
  }

  /// When the first order expires: an `expire` command is due at this time. nil: none does.
  public var nextExpiry: Int64? { expiries.soonest?.time }

  /// How many orders the last command, a mass cancel or an expiry, has ended.
  public var affected: Int { Int(current.affected) }
}
