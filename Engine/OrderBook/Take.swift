import CShared
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
      outcry_prefetch(orders.records.base + Int(links[maker].next))
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
        if current.refillsLeft == 0 { return .overLimit }
        current.refillsLeft -= 1
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
    willChange(maker)
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
    lastTrade.time = current.time
    referencePrice = price
    current.lowestTrade = min(current.lowestTrade, price)
    current.highestTrade = max(current.highestTrade, price)
    let event = add(.trade, to: &events)
    event.pointee.side = taker.side.rawValue
    event.pointee.order_id = taker.id
    event.pointee.account = taker.account
    event.pointee.price = price
    event.pointee.quantity = quantity
    event.pointee.remaining = taker.remaining
    event.pointee.trade_id = lastTrade.id
    event.pointee.maker_order_id = orders.records[maker].id
    event.pointee.maker_account = accounts.records[orders.records[maker].account].id
    event.pointee.maker_remaining = orders.records[maker].remaining
    event.pointee.report(change(of: level, on: shelf))
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
    let slice = min(details[maker].terms.displayQuantity, remaining)
    orders.records[maker].shown = slice
    append(maker, to: shelf, at: price)
    let event = add(.refilled, to: &events)
    event.pointee.side = details[maker].side.rawValue
    event.pointee.order_id = orders.records[maker].id
    event.pointee.account = accounts.records[orders.records[maker].account].id
    event.pointee.price = price
    event.pointee.quantity = slice
    event.pointee.remaining = remaining
    event.pointee.report(change(of: orders.records[maker].level, on: shelf))
  }

  /// An order that takes ends with some of it unfilled, or with its quote spent.
  mutating func endTaker(_ taker: Taker, _ reason: EndReason, _ events: inout EventBuffer) {
    let event = add(.cancelled, to: &events)
    event.pointee.reason = reason.rawValue
    event.pointee.side = taker.side.rawValue
    event.pointee.order_id = taker.id
    event.pointee.account = taker.account
    event.pointee.price = taker.price
    event.pointee.quantity = taker.remaining
    noteEnd(taker, reason == .quoteSpent ? .filled : .cancelled, reason)
  }

  /// Fills so far and those to come at its limit would not fit 64 bits.
  @inline(__always)
  mutating func isTooMuchQuote(_ taker: Taker) -> Bool {
    let (value, overflow) = taker.price.multipliedReportingOverflow(by: taker.remaining)
    return overflow || value.addingReportingOverflow(taker.filledQuote).overflow
  }

  @inline(__always)
  mutating func noteEnd(_ taker: Taker, _ status: OrderStatus, _ reason: EndReason) {
    guard taker.id == current.subject else { return }
    current.subjectEnd = Ending(
      status: status, reason: reason, filled: taker.filled, filledQuote: taker.filledQuote)
  }

  /// How far from the touch a market order may trade.
  mutating func slippageLimit(_ side: Side) -> Int64 {
    let touch = ladders[Shelf.resting(side.opposite)].bestPrice
    guard rules.slippage_bps != 0, touch != 0 else { return side == .buy ? .max : 1 }
    let distance = Int128(touch) * Int128(rules.slippage_bps) / 10_000
    let bound = side == .buy ? Int128(touch) + distance : Int128(touch) - distance
    return Int64(clamping: max(1, bound))
  }
}
