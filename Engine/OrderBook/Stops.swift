import Wire

/// Stops that were reached act one after the other inside the command that reached them: those
/// that one order's trades reached come as a group, buy stops from the lowest and then sell stops
/// from the highest, equal prices in the order of their age; what they reach comes behind them.
extension OrderBook {
  mutating func enqueueReached(_ slot: UInt32) {
    links[slot].next = 0
    if current.lastReached == 0 {
      current.firstReached = slot
    } else {
      links[current.lastReached].next = slot
    }
    current.lastReached = slot
  }

  @inline(__always)
  mutating func runReachedStops(_ events: inout EventBuffer) {
    if current.highestTrade != 0 { collectReached() }
    while current.firstReached != 0 {
      let slot = current.firstReached
      current.firstReached = links[slot].next
      if current.firstReached == 0 { current.lastReached = 0 }
      trigger(slot, &events)
      if current.highestTrade != 0 { collectReached() }
    }
  }

  private mutating func collectReached() {
    let highest = current.highestTrade
    let lowest = current.lowestTrade
    current.highestTrade = 0
    current.lowestTrade = .max
    while ladders[Shelf.buyStops].best != 0 && ladders[Shelf.buyStops].bestPrice <= highest {
      collectFirst(of: Shelf.buyStops)
    }
    while ladders[Shelf.sellStops].best != 0 && ladders[Shelf.sellStops].bestPrice >= lowest {
      collectFirst(of: Shelf.sellStops)
    }
  }

  private mutating func collectFirst(of shelf: UInt32) {
    let slot = ladders[shelf].levels[ladders[shelf].best].first
    detach(slot)
    enqueueReached(slot)
  }

  private mutating func trigger(_ slot: UInt32, _ events: inout EventBuffer) {
    let record = orders.records[slot]
    let account = accounts.records[record.account].id
    var taker = Taker(slot, record, details[slot], account: account)
    if record.type == .stop { taker.limit = slippageLimit(taker.side) }
    let event = add(.triggered, to: &events)
    event.pointee.side = taker.side.rawValue
    event.pointee.order_id = taker.id
    event.pointee.account = account
    event.pointee.price = taker.price
    event.pointee.quantity = taker.remaining
    event.pointee.remaining = taker.remaining
    if record.timeInForce == .fillOrKill && !canFill(taker) {
      finish(&taker, .notFillable, &events)
    } else {
      let reason = take(&taker, &events)
      finish(&taker, reason, &events)
    }
  }

  /// What becomes of an order that had a slot before it took: it rests again, or its slot is free.
  mutating func finish(
    _ taker: inout Taker, _ reason: EndReason, _ events: inout EventBuffer
  ) {
    openQuantity += taker.remaining - orders.records[taker.slot].remaining
    orders.records[taker.slot].remaining = taker.remaining
    orders.records[taker.slot].filledQuote = taker.filledQuote
    if taker.isFilled { return close(taker.slot, .filled, .none) }
    let isImmediate =
      taker.timeInForce == .immediateOrCancel || taker.timeInForce == .fillOrKill
    var reason = reason
    if reason == .none && isImmediate { reason = .immediateOrCancel }
    if reason == .none && isTooMuchQuote(taker) { reason = .overLimit }
    if reason == .none { return rest(taker.slot, taker.side, at: taker.price, &events) }
    endTaker(taker, reason, &events)
    openQuantity -= taker.remaining
    close(taker.slot, .cancelled, reason)
  }
}
