import Wire

/// The checks that are the same for a new order and for an amended one.
extension OrderBook {
  /// Limits that contradict each other or themselves are no rules.
  static func areValid(_ rules: Rules) -> Bool {
    rules.min_quantity >= 0 && rules.max_quantity >= 0 && rules.min_notional >= 0
      && rules.max_notional >= 0 && rules.max_price >= 0
      && (rules.max_quantity == 0 || rules.min_quantity <= rules.max_quantity)
      && (rules.max_notional == 0 || rules.min_notional <= rules.max_notional)
  }

  /// New orders and amends need a market that trades.
  @inline(__always)
  var stateRefusal: Refusal? {
    mutating get {
      switch state {
      case .trading: nil
      case .halted: .halted
      case .cancelOnly: .cancelOnly
      }
    }
  }

  @inline(__always)
  mutating func isInQuantityRange(_ quantity: Int64) -> Bool {
    quantity >= rules.min_quantity && (rules.max_quantity == 0 || quantity <= rules.max_quantity)
  }

  @inline(__always)
  mutating func isInPriceRange(_ price: Int64) -> Bool {
    rules.max_price == 0 || price <= rules.max_price
  }

  @inline(__always)
  mutating func isInsideBand(_ price: Int64) -> Bool {
    guard rules.price_band_bps != 0, referencePrice != 0 else { return true }
    let distance = Int128((price - referencePrice).magnitude)
    return distance * 10_000 <= Int128(referencePrice) * Int128(rules.price_band_bps)
  }

  /// The product is exact; what does not fit 64 bits is out of any range.
  @inline(__always)
  mutating func isInNotionalRange(_ price: Int64, _ quantity: Int64) -> Bool {
    let (notional, overflow) = price.multipliedReportingOverflow(by: quantity)
    return !overflow && isInNotionalRange(notional)
  }

  @inline(__always)
  mutating func isInNotionalRange(_ notional: Int64) -> Bool {
    notional >= rules.min_notional && (rules.max_notional == 0 || notional <= rules.max_notional)
  }

  @inline(__always)
  mutating func hasReachedLimit(_ account: UInt64) -> Bool {
    guard rules.max_open_orders != 0 else { return false }
    let slot = accounts.find(account)
    return slot != 0 && accounts.records[slot].count >= rules.max_open_orders
  }

  /// A stop that was reached before it came acts at once.
  @inline(__always)
  mutating func isReached(_ side: Side, stop: Int64) -> Bool {
    guard lastTrade.price != 0 else { return false }
    return side == .buy ? lastTrade.price >= stop : lastTrade.price <= stop
  }

  /// Whether an order at this price would trade at once.
  @inline(__always)
  mutating func crosses(_ side: Side, _ price: Int64) -> Bool {
    let touch = ladders[Shelf.resting(side.opposite)].bestPrice
    return touch != 0 && (side == .buy ? price >= touch : price <= touch)
  }
}
