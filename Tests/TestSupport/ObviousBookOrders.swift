import Wire

// How an order enters and what it takes.
extension ObviousBook {
  mutating func place(_ command: Command) -> Refusal? {
    guard let order = ObviousBook.read(command) else { return .malformed }
    if let refusal = refusalOfState() { return refusal }
    if order.quote == nil && !isQuantityAllowed(order.quantity) { return .quantityRange }
    if order.display > order.quantity { return .displayQuantity }
    if !isPriceAllowed(order.price) { return .priceRange }
    if !isPriceAllowed(order.stop) { return .stopPrice }
    if order.expiresAt != 0 && order.expiresAt <= time { return .expiryPassed }
    if order.hasLimit && !isInsideBand(order.price) { return .priceBand }
    if !isNotionalAllowed(valueOnEntry(order)) { return .notionalRange }
    if order.isStop || order.hasLimit && !order.isImmediate {
      let own = openOrders.filter { $0.account == order.account }.count
      if rules.max_open_orders != 0 && own >= rules.max_open_orders { return .orderLimit }
      if openOrders.count >= mostOrders || !fits(adding: order.quantity) { return .capacity }
    }
    var accepted = event(.accepted, order)
    accepted.quantity = order.quantity
    events.append(accepted)
    if order.isStop {
      if isReached(order) { reached.append(order) } else { wait(order) }
    } else if let refusal = refusalOnTrial(order) {
      return refusal
    } else {
      trade(order)
    }
    runStops()
    return nil
  }

  /// What may only be refused while nothing has happened: tried on a copy.
  private func refusalOnTrial(_ order: Order) -> Refusal? {
    if order.isPostOnly && crosses(order.side, order.price) { return .wouldCross }
    if order.timeInForce == .fillOrKill { return canFill(order) ? nil : .notFillable }
    var trial = self
    var taker = order
    let reason = trial.take(&taker)
    guard taker.filled == 0 else { return nil }
    if [.noLiquidity, .slippage, .quoteSpent].contains(reason) { return .noLiquidity }
    return reason == .selfTrade && order.prevention == .cancelTaker ? .selfTrade : nil
  }

  /// Tried on a copy; and the refills of all levels it reaches must be within the limit.
  func canFill(_ order: Order) -> Bool {
    var trial = self
    trial.refillsLeft = .max
    var taker = order
    _ = trial.take(&taker)
    guard taker.isFilled else { return false }
    let before = resting(order.side.opposite)
    let after = trial.resting(order.side.opposite)
    let worst = before.last { old in
      !after.contains { $0.id == old.id && $0.remaining == old.remaining }
    }
    let reached = before.filter { old in
      order.side == .buy ? old.price <= worst!.price : old.price >= worst!.price
    }
    let refills = reached.map { order in
      order.display == 0
        ? 0 : Int((order.remaining - order.shown + order.display - 1) / order.display)
    }
    return refills.reduce(0, +) <= refillsLeft
  }

  /// The order takes what it can; then it rests, or ends, or is filled.
  mutating func trade(_ order: Order) {
    var taker = order
    var reason = take(&taker)
    if taker.isFilled { return }
    if reason == .none && taker.isImmediate { reason = .immediateOrCancel }
    if reason == .none && !fitsQuote(taker) { reason = .overLimit }
    if reason != .none { return endOffBook(taker, reason) }
    rest(taker)
    let rested = event(.rested, taker)
    events.append(report(taker, at: taker.price, in: rested))
    events[events.count - 1].quantity = taker.remaining
  }

  mutating func endOffBook(_ order: Order, _ reason: EndReason) {
    var event = event(.cancelled, order)
    event.quantity = order.remaining
    event.remaining = 0
    event.reason = reason.rawValue
    events.append(event)
  }

  mutating func take(_ taker: inout Order) -> EndReason {
    let touch = resting(taker.side.opposite).first?.price
    let worst = taker.hasLimit ? taker.price : slippageBound(taker.side, from: touch)
    while !taker.isFilled {
      guard var maker = resting(taker.side.opposite).first else {
        return taker.hasLimit ? .none : .noLiquidity
      }
      if taker.side == .buy ? maker.price > worst : maker.price < worst {
        return taker.hasLimit ? .none : .slippage
      }
      let wish = taker.quote.map { $0 / maker.price } ?? taker.remaining
      if wish == 0 { return .quoteSpent }
      if maker.account == taker.account && taker.prevention != .none {
        if taker.prevention == .cancelTaker { return .selfTrade }
        end(maker, .selfTrade)
        if taker.prevention == .cancelBoth { return .selfTrade }
        continue
      }
      let quantity = min(wish, maker.shown)
      let value = Int128(maker.price) * Int128(quantity)
      if Int128(taker.filledQuote) + value > Int128(Int64.max) { return .overLimit }
      let refills = quantity == maker.shown && maker.remaining > quantity
      if refills && refillsLeft == 0 { return .overLimit }
      exchange(&taker, &maker, quantity, Int64(value))
      if refills { refill(maker) }
    }
    return .none
  }

  private mutating func exchange(
    _ taker: inout Order, _ maker: inout Order, _ quantity: Int64, _ value: Int64
  ) {
    if taker.quote == nil { taker.remaining -= quantity } else { taker.quote! -= value }
    taker.filled += quantity
    taker.filledQuote += value
    maker.remaining -= quantity
    maker.shown -= quantity
    maker.filled += quantity
    maker.filledQuote += value
    if maker.remaining == 0 { take(out: maker) } else { update(maker) }
    tradeCount += 1
    last = maker.price
    reference = maker.price
    tradePrices.append(maker.price)
    var trade = event(.trade, taker)
    trade.price = maker.price
    trade.quantity = quantity
    trade.trade_id = tradeCount
    trade.maker_order_id = maker.id
    trade.maker_account = maker.account
    trade.maker_remaining = maker.remaining
    events.append(report(maker, at: maker.price, in: trade))
  }

  private mutating func refill(_ maker: Order) {
    refillsLeft -= 1
    take(out: maker)
    rest(maker)
    var refilled = event(.refilled, maker)
    refilled.quantity = min(maker.display, maker.remaining)
    events.append(report(maker, at: maker.price, in: refilled))
  }

  /// Stops that the trades since the last look have reached: buy stops, then sell stops, each from
  /// the first to be reached; what they reach in turn comes behind them.
  mutating func runStops() {
    while true {
      if let highest = tradePrices.max(), let lowest = tradePrices.min() {
        tradePrices = []
        let buys = buyStops.filter { $0.stop <= highest }
        let sells = sellStops.filter { $0.stop >= lowest }
        for order in buys + sells { take(out: order) }
        reached += buys + sells
      }
      guard !reached.isEmpty else { return }
      let order = reached.removeFirst()
      var triggered = event(.triggered, order)
      triggered.quantity = order.remaining
      events.append(triggered)
      if order.timeInForce == .fillOrKill && !canFill(order) {
        endOffBook(order, .notFillable)
      } else {
        trade(order)
      }
    }
  }
}
