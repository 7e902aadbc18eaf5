import Wire

extension OrderBook {
  /// Trades until the order is filled or something stops it: the reason, or `none` when a limit
  /// order has simply found no more at its price.
  mutating func take(_ taker: inout Taker, _ events: inout EventBuffer) -> EndReason {
    let shelf = Shelf.resting(taker.side.opposite)
    let levels = ladders[shelf].levels
    while taker.spendsQuote || taker.remaining > 0 {
      let level = ladders[shelf].best
      guard level != 0 else { return taker.type.hasLimit ? .none : .noLiquidity }
      let price = levels[level].price
      guard taker.accepts(price) else { return taker.type.hasLimit ? .none : .slippage }
      let wish = taker.wish(at: price)
      if wish == 0 { return .quoteSpent }
      let maker = levels[level].first
      if orders.records[maker].account == taker.ownSlot && taker.prevention != .none {
        if taker.prevention == .cancelTaker { return .selfTrade }
        end(maker, .cancelled, .selfTrade, &events)
        if taker.prevention == .cancelBoth { return .selfTrade }
        continue
      }
      let shown = orders.records[maker].shown
      let quantity = min(wish, shown)
      let (value, overflow) = price.multipliedReportingOverflow(by: quantity)
      if overflow || taker.filledQuote.addingReportingOverflow(value).overflow {
        return .overLimit
      }
      let refills = quantity == shown && orders.records[maker].remaining > shown
      if refills {
        if command.refillsLeft == 0 { return .overLimit }
        command.refillsLeft -= 1
      }
      taker.filled += quantity
      taker.filledQuote += value
      if taker.spendsQuote { taker.quote -= value } else { taker.remaining -= quantity }
      trade(taker, maker, price: price, quantity: quantity, value: value, &events)
      if refills { refill(maker, at: price, on: shelf, &events) }
    }
    return .none
  }

  @inline(__always)
  private mutating func trade(
    _ taker: Taker, _ maker: UInt32, price: Int64, quantity: Int64, value: Int64,
    _ events: inout EventBuffer
  ) {
    let level = orders.records[maker].level
    let shelf = UInt32(orders.records[maker].shelf)
    let levels = ladders[shelf].levels
    orders.records[maker].remaining -= quantity
    orders.records[maker].shown -= quantity
    orders.records[maker].filledQuote += value
    levels[level].shown -= quantity
    openQuantity -= quantity
    lastTrade.id += 1
    lastTrade.price = price
    lastTrade.quantity = quantity
    lastTrade.side = taker.side
    lastTrade.time = command.time
    referencePrice = price
    command.lowestTrade = min(command.lowestTrade, price)
    command.highestTrade = max(command.highestTrade, price)
    var event = event(.trade)
    event.side = taker.side.rawValue
    event.order_id = taker.id
    event.account = taker.account
    event.price = price
    event.quantity = quantity
    event.remaining = taker.remaining
    event.trade_id = lastTrade.id
    event.maker_order_id = orders.records[maker].id
    event.maker_account = accounts.records[orders.records[maker].account].id
    event.maker_remaining = orders.records[maker].remaining
    event.report(change(of: level, on: shelf))
    events.append(event)
    if orders.records[maker].remaining == 0 {
      detach(maker)
      close(maker, .filled, .none)
    }
  }

  /// An iceberg's next slice goes to the back of its level.
  private mutating func refill(
    _ maker: UInt32, at price: Int64, on shelf: UInt32, _ events: inout EventBuffer
  ) {
    detach(maker)
    let remaining = orders.records[maker].remaining
    let slice = min(details[maker].terms.display_quantity, remaining)
    orders.records[maker].shown = slice
    append(maker, to: shelf, at: price)
    var event = event(.refilled)
    event.side = details[maker].side.rawValue
    event.order_id = orders.records[maker].id
    event.account = accounts.records[orders.records[maker].account].id
    event.price = price
    event.quantity = slice
    event.remaining = remaining
    event.report(change(of: orders.records[maker].level, on: shelf))
    events.append(event)
  }

  /// An order that takes ends with some of it unfilled, or with its quote spent.
  mutating func endTaker(_ taker: Taker, _ reason: EndReason, _ events: inout EventBuffer) {
    var event = event(.cancelled)
    event.reason = reason.rawValue
    event.side = taker.side.rawValue
    event.order_id = taker.id
    event.account = taker.account
    event.price = taker.price
    event.quantity = taker.remaining
    events.append(event)
    noteEnd(taker, reason == .quoteSpent ? .filled : .cancelled, reason)
  }

  /// Fills so far and those to come at its limit would not fit 64 bits.
  @inline(__always)
  func isTooMuchQuote(_ taker: Taker) -> Bool {
    let (value, overflow) = taker.price.multipliedReportingOverflow(by: taker.remaining)
    return overflow || value.addingReportingOverflow(taker.filledQuote).overflow
  }

  @inline(__always)
  mutating func noteEnd(_ taker: Taker, _ status: OrderStatus, _ reason: EndReason) {
    guard taker.id == command.subject else { return }
    command.subjectEnd = Ending(
      status: status, reason: reason, filled: taker.filled, filledQuote: taker.filledQuote)
  }

  /// How far from the touch a market order may trade.
  func slippageLimit(_ side: Side) -> Int64 {
    let touch = ladders[Shelf.resting(side.opposite)].bestPrice
    guard rules.slippage_bps != 0, touch != 0 else { return side == .buy ? .max : 1 }
    let distance = Int128(touch) * Int128(rules.slippage_bps) / 10_000
    let bound = side == .buy ? Int128(touch) + distance : Int128(touch) - distance
    return Int64(clamping: max(1, bound))
  }
}
