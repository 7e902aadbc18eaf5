import Wire

/// What an order would find, asked before anything is changed.
extension OrderBook {
  /// Whether an order can be filled whole: within its limit, past the orders of its own account
  /// as its self-trade prevention has it, and within the limits on refills and on quote sums.
  /// The refills of a level count as a whole as soon as the order would reach the level.
  mutating func canFill(_ taker: Taker) -> Bool {
    let shelf = Shelf.resting(taker.side.opposite)
    var needed = taker.remaining
    var quote = Int128(taker.filledQuote)
    var refills = 0
    var level = ladders[shelf].best
    while level != 0 {
      let found = ladders[shelf].levels[level]
      guard taker.accepts(found.price) else { return false }
      if found.hidden > 0 {
        refills += self.refills(of: found)
        if refills > current.refillsLeft { return false }
      }
      let (available, isBlocked) = available(in: found, to: taker, needing: needed)
      let taken = min(available, needed)
      quote += Int128(found.price) * Int128(taken)
      guard quote <= Int128(Int64.max) else { return false }
      needed -= taken
      if needed == 0 { return true }
      if isBlocked { return false }
      level = ladders[shelf].next(after: level)
    }
    return false
  }

  /// What a level offers, and whether an own order behind that stops the taker.
  private mutating func available(
    in level: Level, to taker: Taker, needing needed: Int64
  ) -> (quantity: Int64, isBlocked: Bool) {
    guard taker.ownSlot != 0, taker.prevention != .none else {
      return (level.shown + level.hidden, false)
    }
    var shown: Int64 = 0
    var others: Int64 = 0
    var slot = level.first
    while slot != 0 {
      let order = orders.records[slot]
      if order.account != taker.ownSlot {
        shown += order.shown
        others += order.remaining
      } else if taker.prevention != .cancelMaker {
        return (shown, true)
      }
      slot = links[slot].next
    }
    return (others, false)
  }

  private mutating func refills(of level: Level) -> Int {
    var total: Int64 = 0
    var slot = level.first
    while slot != 0 && total <= Int64(current.refillsLeft) {
      let hidden = orders.records[slot].remaining - orders.records[slot].shown
      if hidden > 0 { total += (hidden - 1) / details[slot].terms.displayQuantity + 1 }
      slot = links[slot].next
    }
    return Int(total)
  }

  /// Whether a market order finds anything that it may trade with or that it ends.
  mutating func canTrade(_ taker: Taker) -> Bool {
    let shelf = Shelf.resting(taker.side.opposite)
    var level = ladders[shelf].best
    while level != 0 {
      let found = ladders[shelf].levels[level]
      guard taker.accepts(found.price), taker.wish(at: found.price) > 0 else { return false }
      var slot = found.first
      while slot != 0 {
        let isOwn = orders.records[slot].account == taker.ownSlot
        if !isOwn || taker.prevention != .cancelMaker { return true }
        slot = links[slot].next
      }
      level = ladders[shelf].next(after: level)
    }
    return false
  }

  /// Self-trade prevention would end the order before it has done anything.
  mutating func meetsItselfFirst(_ taker: Taker) -> Bool {
    guard taker.prevention == .cancelTaker, taker.ownSlot != 0 else { return false }
    let ladder = ladders[Shelf.resting(taker.side.opposite)]
    return ladder.best != 0
      && orders.records[ladder.levels[ladder.best].first].account == taker.ownSlot
  }
}
