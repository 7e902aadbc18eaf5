import Wire

// What is allowed, and amending.
extension ObviousBook {
  /// nil when the fields do not fit together.
  static func read(_ command: Command) -> Order? {
    let terms = command.terms
    guard let side = Side(rawValue: command.side), let type = OrderType(rawValue: command.type),
      let timeInForce = TimeInForce(rawValue: command.time_in_force),
      let prevention = SelfTradePrevention(rawValue: command.self_trade_prevention),
      command.flags < 4, command.order_id != 0, command.key_length <= 40
    else { return nil }
    let numbers = [
      terms.price, terms.stop_price, terms.quantity, terms.quote_quantity, terms.display_quantity,
      terms.expires_at,
    ]
    if numbers.contains(where: { $0 < 0 }) { return nil }
    let order = Order(
      id: command.order_id, account: command.account, side: side, type: type,
      timeInForce: timeInForce, prevention: prevention,
      isPostOnly: OrderFlags(rawValue: command.flags).contains(.postOnly), price: terms.price,
      stop: terms.stop_price, quantity: terms.quantity, display: terms.display_quantity,
      expiresAt: terms.expires_at, remaining: terms.quantity,
      quote: terms.quote_quantity == 0 ? nil : terms.quote_quantity)
    let mayRest = order.hasLimit && !order.isImmediate
    if order.hasLimit != (order.price > 0) { return nil }
    if order.isStop != (order.stop > 0) { return nil }
    if (order.timeInForce == .goodTillDate) != (order.expiresAt > 0) { return nil }
    if (order.quantity > 0) == (order.quote != nil) { return nil }
    if order.quote != nil && (type != .market || timeInForce == .fillOrKill) { return nil }
    if type == .market && timeInForce == .goodTillDate { return nil }
    if order.display != 0 && !mayRest { return nil }
    if order.isPostOnly && (type != .limit || !mayRest) { return nil }
    return order
  }

  func refusalOfState() -> Refusal? {
    switch state {
    case .trading: nil
    case .halted: .halted
    case .cancelOnly: .cancelOnly
    }
  }

  func isQuantityAllowed(_ quantity: Int64) -> Bool {
    quantity >= rules.min_quantity && (rules.max_quantity == 0 || quantity <= rules.max_quantity)
  }

  func isPriceAllowed(_ price: Int64) -> Bool { rules.max_price == 0 || price <= rules.max_price }

  func isInsideBand(_ price: Int64) -> Bool {
    if rules.price_band_bps == 0 || reference == 0 { return true }
    let width = Int128(reference) * Int128(rules.price_band_bps)
    let distance = Int128(price) - Int128(reference)
    return distance * 10_000 <= width && distance * -10_000 <= width
  }

  func isNotionalAllowed(_ value: Int128?) -> Bool {
    guard let value else { return true }
    return value <= Int128(Int64.max) && value >= Int128(rules.min_notional)
      && (rules.max_notional == 0 || value <= Int128(rules.max_notional))
  }

  /// nil when nobody can say: a market order without anything on the other side.
  func valueOnEntry(_ order: Order) -> Int128? {
    if let quote = order.quote { return Int128(quote) }
    if order.hasLimit { return Int128(order.price) * Int128(order.quantity) }
    if order.isStop { return Int128(order.stop) * Int128(order.quantity) }
    let touch = resting(order.side.opposite).first
    return touch.map { Int128($0.price) * Int128(order.quantity) }
  }

  func fits(adding quantity: Int64) -> Bool {
    let open = openOrders.reduce(Int128(0)) { $0 + Int128($1.remaining) }
    return open + Int128(quantity) <= Int128(Int64.max)
  }

  func fitsQuote(_ order: Order) -> Bool {
    let toCome = Int128(order.price) * Int128(order.remaining)
    return Int128(order.filledQuote) + toCome <= Int128(Int64.max)
  }

  func isReached(_ order: Order) -> Bool {
    last != 0 && (order.side == .buy ? order.stop <= last : order.stop >= last)
  }

  func crosses(_ side: Side, _ price: Int64) -> Bool {
    guard let touch = resting(side.opposite).first?.price else { return false }
    return side == .buy ? price >= touch : price <= touch
  }

  func slippageBound(_ side: Side, from touch: Int64?) -> Int64 {
    guard let touch, rules.slippage_bps != 0 else { return side == .buy ? .max : 1 }
    let distance = Int128(touch) * Int128(rules.slippage_bps) / 10_000
    let bound = side == .buy ? Int128(touch) + distance : Int128(touch) - distance
    return Int64(clamping: max(1, bound))
  }

  mutating func amend(_ command: Command) -> Refusal? {
    let terms = command.terms
    if terms.price < 0 || terms.stop_price < 0 || terms.quantity < 0 { return .malformed }
    if terms.quote_quantity != 0 || terms.display_quantity != 0 || terms.expires_at != 0 {
      return .malformed
    }
    guard let old = order(command.order_id), old.account == command.account else {
      return .unknownOrder
    }
    var new = old
    if terms.price != 0 { new.price = terms.price }
    if terms.stop_price != 0 { new.stop = terms.stop_price }
    if terms.quantity != 0 { new.quantity = terms.quantity }
    new.remaining = new.quantity - new.filled
    if new == old { return .nothingToChange }
    if let refusal = refusalOfState() { return refusal }
    if new.quantity != old.quantity {
      if new.remaining <= 0 || !isQuantityAllowed(new.quantity) { return .quantityRange }
    }
    if new.price != old.price && (!new.hasLimit || !isPriceAllowed(new.price)) {
      return .priceRange
    }
    if new.stop != old.stop && (!isWaiting(old) || !isPriceAllowed(new.stop)) { return .stopPrice }
    if new.price != old.price && !isInsideBand(new.price) { return .priceBand }
    if !isNotionalAllowed(valueOnEntry(new)) || !fitsQuote(new) { return .notionalRange }
    var others = self
    others.take(out: old)
    if !others.fits(adding: new.remaining) { return .capacity }
    if !isWaiting(old) && new.isPostOnly && crosses(new.side, new.price) { return .wouldCross }
    return change(old, to: new)
  }

  private mutating func change(_ old: Order, to new: Order) -> Refusal? {
    let wasWaiting = isWaiting(old)
    var new = new
    let keepsPlace = new.price == old.price && new.stop == old.stop && new.quantity < old.quantity
    if keepsPlace {
      new.shown = min(old.shown, new.remaining)
      update(new)
    } else {
      take(out: old)
    }
    var amended = event(.amended, new)
    amended.quantity = new.quantity
    amended.stop_price = new.stop
    amended.filled_quote = new.filledQuote
    events.append(wasWaiting ? amended : report(old, at: old.price, in: amended))
    if keepsPlace { return nil }
    if !wasWaiting {
      var trial = self
      var taker = new
      let reason = trial.take(&taker)
      if reason == .selfTrade && taker.filled == new.filled && new.prevention == .cancelTaker {
        return .selfTrade
      }
      trade(new)
    } else if isReached(new) {
      reached.append(new)
    } else {
      wait(new)
    }
    runStops()
    return nil
  }
}
