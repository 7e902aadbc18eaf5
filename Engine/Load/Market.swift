/// A symbol as the generator trades it.
struct Market: Sendable {
  let name: [UInt8]
  let tick: Unit
  let lot: Unit
  /// In ticks and lots.
  let prices: ClosedRange<Int>
  let quantities: ClosedRange<Int>

  init?(_ name: String, tick: String, lot: String, plan: Plan) {
    guard let tick = Unit(tick), let lot = Unit(lot) else { return nil }
    self.name = Array(name.utf8)
    self.tick = tick
    self.lot = lot
    let low = max(1, tick.steps(plan.price - plan.spread))
    prices = low...max(low, tick.steps(plan.price + plan.spread))
    // What is traded in whole pieces is traded in hundred times as many.
    let factor = lot.steps(plan.quantity.lowerBound) > 0 ? 1.0 : 100
    let least = max(1, lot.steps(plan.quantity.lowerBound * factor))
    quantities = least...max(least, lot.steps(plan.quantity.upperBound * factor))
  }

  /// Of an entry of `GET /api/symbols`.
  init?(_ json: JSON, plan: Plan) {
    guard let name = json["symbol"]?.text, let tick = json["tickSize"]?.text,
      let lot = json["lotSize"]?.text
    else { return nil }
    self.init(name, tick: tick, lot: lot, plan: plan)
  }
}

/// Somebody who trades. Each keeps to one side of the market: orders of one account do not trade
/// with each other, and would take each other out of the book.
struct Trader: Sendable {
  let token: String
  let isBuyer: Bool
}
