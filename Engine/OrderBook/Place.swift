import Wire

extension OrderBook {
  /// The checks stand in the order of the refusals' numbers.
  mutating func place(_ command: UnsafePointer<Command>, _ events: inout EventBuffer) -> Refusal? {
    guard let order = Request(command) else { return .malformed }
    precondition(command.pointee.order_id > lastOrderID, "order ids must ascend")
    if let refusal = stateRefusal { return refusal }
    if let refusal = termsRefusal(order, command) { return refusal }
    if order.mayStay {
      if hasReachedLimit(command.pointee.account) { return .orderLimit }
      guard !orders.isFull,
        !openQuantity.addingReportingOverflow(command.pointee.terms.quantity).overflow
      else { return .capacity }
    }
    if order.isStop {
      accept(command, &events)
      placeStop(order, command, &events)
      return nil
    }
    if order.type == .limit && !crosses(order.side, command.pointee.terms.price) {
      if order.timeInForce == .fillOrKill { return .notFillable }
      accept(command, &events)
      placePassive(order, command, &events)
      return nil
    }
    return placeAggressive(order, command, &events)
  }

  private mutating func termsRefusal(
    _ order: Request, _ command: UnsafePointer<Command>
  ) -> Refusal? {
    let terms = command.pointee.terms
    if terms.quantity != 0 && !isInQuantityRange(terms.quantity) { return .quantityRange }
    if terms.display_quantity > terms.quantity { return .displayQuantity }
    if !isInPriceRange(terms.price) { return .priceRange }
    if !isInPriceRange(terms.stop_price) { return .stopPrice }
    if terms.expires_at != 0 && terms.expires_at <= command.pointee.time { return .expiryPassed }
    if order.hasLimit && !isInsideBand(terms.price) { return .priceBand }
    return isNotionalRight(order, terms) ? nil : .notionalRange
  }

  /// A market order is valued at the touch, a stop at its stop price, all others at their limit.
  @inline(__always)
  private mutating func isNotionalRight(_ order: Request, _ terms: Terms) -> Bool {
    switch order.type {
    case .limit, .stopLimit: return isInNotionalRange(terms.price, terms.quantity)
    case .stop: return isInNotionalRange(terms.stop_price, terms.quantity)
    case .market:
      if terms.quote_quantity != 0 { return isInNotionalRange(terms.quote_quantity) }
      let touch = ladders[Shelf.resting(order.side.opposite)].bestPrice
      return touch == 0 || isInNotionalRange(touch, terms.quantity)
    }
  }

  @inline(__always)
  private mutating func accept(_ command: UnsafePointer<Command>, _ events: inout EventBuffer) {
    lastOrderID = command.pointee.order_id
    let event = add(.accepted, to: &events)
    event.pointee.side = command.pointee.side
    event.pointee.order_id = command.pointee.order_id
    event.pointee.account = command.pointee.account
    event.pointee.price = command.pointee.terms.price
    event.pointee.quantity = command.pointee.terms.quantity
    event.pointee.remaining = command.pointee.terms.quantity
  }

  /// Nothing to trade with: the order goes to its level.
  @inline(__always)
  private mutating func placePassive(
    _ order: Request, _ command: UnsafePointer<Command>, _ events: inout EventBuffer
  ) {
    if order.isImmediate {
      return endTaker(Taker(order, command), .immediateOrCancel, &events)
    }
    let slot = newSlot(order, command, remaining: command.pointee.terms.quantity)
    openQuantity += command.pointee.terms.quantity
    rest(slot, order.side, at: command.pointee.terms.price, &events)
  }

  private mutating func placeStop(
    _ order: Request, _ command: UnsafePointer<Command>, _ events: inout EventBuffer
  ) {
    let slot = newSlot(order, command, remaining: command.pointee.terms.quantity)
    openQuantity += command.pointee.terms.quantity
    if isReached(order.side, stop: command.pointee.terms.stop_price) {
      enqueueReached(slot)
      runReachedStops(&events)
    } else {
      append(slot, to: Shelf.stops(order.side), at: command.pointee.terms.stop_price)
    }
  }

  private mutating func placeAggressive(
    _ order: Request, _ command: UnsafePointer<Command>, _ events: inout EventBuffer
  ) -> Refusal? {
    if order.isPostOnly { return .wouldCross }
    var taker = Taker(order, command)
    taker.ownSlot = accounts.find(command.pointee.account)
    if order.type == .market { taker.limit = slippageLimit(order.side) }
    if order.timeInForce == .fillOrKill {
      guard canFill(taker) else { return .notFillable }
    } else {
      if order.type == .market && !canTrade(taker) { return .noLiquidity }
      if meetsItselfFirst(taker) { return .selfTrade }
    }
    accept(command, &events)
    let reason = take(&taker, &events)
    if taker.isFilled {
      noteEnd(taker, .filled, .none)
    } else if reason != .none || order.isImmediate || order.type == .market {
      endTaker(taker, reason == .none ? .immediateOrCancel : reason, &events)
    } else if isTooMuchQuote(taker) {
      endTaker(taker, .overLimit, &events)
    } else {
      let slot = newSlot(order, command, remaining: taker.remaining)
      orders.records[slot].filledQuote = taker.filledQuote
      openQuantity += taker.remaining
      rest(slot, order.side, at: command.pointee.terms.price, &events)
    }
    runReachedStops(&events)
    return nil
  }

  @inline(__always)
  private mutating func newSlot(
    _ order: Request, _ command: UnsafePointer<Command>, remaining: Int64
  ) -> UInt32 {
    var record = OrderRecord()
    record.id = command.pointee.order_id
    record.remaining = remaining
    record.shown = remaining
    record.prevention = order.prevention
    record.type = order.type
    record.timeInForce = order.timeInForce
    let slot = open(record, account: command.pointee.account)
    details[slot].terms = OrderTerms(command.pointee.terms)
    details[slot].createdAt = command.pointee.time
    if command.pointee.key_length != 0 {
      keys[slot] = unsafeBitCast(command.pointee.key, to: KeyWords.self)
    }
    details[slot].keyLength = command.pointee.key_length
    details[slot].flags = command.pointee.flags
    details[slot].side = order.side
    details[slot].expiry = 0
    if command.pointee.terms.expires_at != 0 {
      expiries.insert(slot, id: command.pointee.order_id, at: command.pointee.terms.expires_at)
    }
    current.subjectSlot = slot
    return slot
  }

  /// An order that is off its shelf goes to the end of its price's queue.
  @inline(__always)
  mutating func rest(
    _ slot: UInt32, _ side: Side, at price: Int64, _ events: inout EventBuffer
  ) {
    let remaining = orders.records[slot].remaining
    let display = details[slot].terms.displayQuantity
    orders.records[slot].shown = display == 0 ? remaining : min(display, remaining)
    let shelf = Shelf.resting(side)
    append(slot, to: shelf, at: price)
    let event = add(.rested, to: &events)
    event.pointee.side = side.rawValue
    event.pointee.order_id = orders.records[slot].id
    event.pointee.account = accounts.records[orders.records[slot].account].id
    event.pointee.price = price
    event.pointee.quantity = remaining
    event.pointee.remaining = remaining
    event.pointee.report(change(of: orders.records[slot].level, on: shelf))
  }
}
