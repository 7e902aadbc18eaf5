import Wire

/// What an amend makes of an order.
private struct Change {
  let slot: UInt32
  let side: Side
  /// A stop that still waits; its place is that of its stop price.
  let isWaiting: Bool
  var price: Int64
  var stop: Int64
  /// The new whole, what is filled included.
  var quantity: Int64
  var remaining: Int64
  var changesPrice: Bool
  var changesStop: Bool
  var changesQuantity: Bool
  /// Less quantity at the same price keeps the place in the queue.
  var keepsPlace: Bool
}

extension OrderBook {
  /// The checks stand in the order of the refusals' numbers.
  mutating func amend(_ command: UnsafePointer<Command>, _ events: inout EventBuffer) -> Refusal? {
    let terms = command.pointee.terms
    guard min(terms.price, terms.stop_price, terms.quantity) >= 0, terms.quote_quantity == 0,
      terms.display_quantity == 0, terms.expires_at == 0
    else { return .malformed }
    let slot = orders.find(command.pointee.order_id)
    guard slot != 0, isOwner(command.pointee.account, of: slot) else { return .unknownOrder }
    let change = change(to: slot, terms)
    guard change.changesPrice || change.changesStop || change.changesQuantity else {
      return .nothingToChange
    }
    if let refusal = stateRefusal { return refusal }
    if let refusal = refusal(of: change) { return refusal }
    if change.keepsPlace { shrink(change, &events) } else { move(change, &events) }
    return nil
  }

  private mutating func change(to slot: UInt32, _ terms: Terms) -> Change {
    let now = details[slot].terms
    let shelf = UInt32(orders.records[slot].shelf)
    let price = terms.price == 0 ? now.price : terms.price
    let stop = terms.stop_price == 0 ? now.stopPrice : terms.stop_price
    let quantity = terms.quantity == 0 ? now.quantity : terms.quantity
    let filled = now.quantity - orders.records[slot].remaining
    return Change(
      slot: slot, side: details[slot].side, isWaiting: shelf >= Shelf.buyStops,
      price: price, stop: stop, quantity: quantity, remaining: quantity - filled,
      changesPrice: price != now.price, changesStop: stop != now.stopPrice,
      changesQuantity: quantity != now.quantity,
      keepsPlace: price == now.price && stop == now.stopPrice && quantity < now.quantity)
  }

  private mutating func refusal(of change: Change) -> Refusal? {
    let record = orders.records[change.slot]
    if change.changesQuantity {
      guard change.remaining > 0, isInQuantityRange(change.quantity) else { return .quantityRange }
    }
    if change.changesPrice {
      guard record.type.hasLimit, isInPriceRange(change.price) else { return .priceRange }
    }
    if change.changesStop {
      guard change.isWaiting, isInPriceRange(change.stop) else { return .stopPrice }
    }
    if change.changesPrice && !isInsideBand(change.price) { return .priceBand }
    let (value, overflow) = change.price.multipliedReportingOverflow(by: change.remaining)
    guard isInNotionalRange(record.type.hasLimit ? change.price : change.stop, change.quantity),
      !overflow, !value.addingReportingOverflow(record.filledQuote).overflow
    else { return .notionalRange }
    let others = openQuantity - record.remaining
    if others.addingReportingOverflow(change.remaining).overflow { return .capacity }
    guard !change.isWaiting, crosses(change.side, change.price) else { return nil }
    if details[change.slot].flags & OrderFlags.postOnly.rawValue != 0 { return .wouldCross }
    let taker = Taker(change.slot, record, details[change.slot], account: 0)
    return meetsItselfFirst(taker) ? .selfTrade : nil
  }

  private mutating func shrink(_ change: Change, _ events: inout EventBuffer) {
    let slot = change.slot
    willChange(slot)
    let shelf = UInt32(orders.records[slot].shelf)
    let level = orders.records[slot].level
    let levels = ladders[shelf].levels
    let before = orders.records[slot]
    let shown = min(before.shown, change.remaining)
    levels[level].shown += shown - before.shown
    levels[level].hidden += (change.remaining - shown) - (before.remaining - before.shown)
    orders.records[slot].shown = shown
    store(change)
    reportAmended(change, self.change(of: level, on: shelf), &events)
  }

  private mutating func move(_ change: Change, _ events: inout EventBuffer) {
    let slot = change.slot
    let level = detach(slot)
    store(change)
    reportAmended(change, level, &events)
    if !change.isWaiting {
      let account = accounts.records[orders.records[slot].account].id
      var taker = Taker(slot, orders.records[slot], details[slot], account: account)
      let reason = take(&taker, &events)
      finish(&taker, reason, &events)
    } else if isReached(change.side, stop: change.stop) {
      enqueueReached(slot)
    } else {
      orders.records[slot].shown = change.remaining
      append(slot, to: Shelf.stops(change.side), at: change.stop)
    }
    runReachedStops(&events)
  }

  private mutating func store(_ change: Change) {
    openQuantity += change.remaining - orders.records[change.slot].remaining
    orders.records[change.slot].remaining = change.remaining
    details[change.slot].terms.price = change.price
    details[change.slot].terms.stopPrice = change.stop
    details[change.slot].terms.quantity = change.quantity
  }

  private mutating func reportAmended(
    _ change: Change, _ level: LevelChange, _ events: inout EventBuffer
  ) {
    let event = add(.amended, to: &events)
    event.pointee.side = change.side.rawValue
    event.pointee.order_id = orders.records[change.slot].id
    event.pointee.account = accounts.records[orders.records[change.slot].account].id
    event.pointee.price = change.price
    event.pointee.quantity = change.quantity
    event.pointee.remaining = change.remaining
    event.pointee.stop_price = change.stop
    event.pointee.filled_quote = orders.records[change.slot].filledQuote
    event.pointee.report(level)
  }
}
