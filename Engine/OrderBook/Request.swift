import Wire

/// A new order whose fields have been found to fit together.
struct Request {
  let side: Side
  let type: OrderType
  let timeInForce: TimeInForce
  let prevention: SelfTradePrevention
  let isPostOnly: Bool

  /// nil when a field has no meaning for this kind of order or one that it needs is missing.
  @inline(__always)
  init?(_ command: UnsafePointer<Command>) {
    guard let side = Side(rawValue: command.pointee.side),
      let type = OrderType(rawValue: command.pointee.type),
      let timeInForce = TimeInForce(rawValue: command.pointee.time_in_force),
      let prevention = SelfTradePrevention(rawValue: command.pointee.self_trade_prevention),
      command.pointee.order_id != 0, command.pointee.key_length <= OUTCRY_KEY_CAPACITY,
      command.pointee.flags & ~3 == 0
    else { return nil }
    self.side = side
    self.type = type
    self.timeInForce = timeInForce
    self.prevention = prevention
    isPostOnly = command.pointee.flags & 1 != 0
    guard fits(command.pointee.terms) else { return nil }
  }

  @inline(__always)
  private func fits(_ terms: Terms) -> Bool {
    let least = min(
      min(terms.price, terms.stop_price, terms.quantity),
      min(terms.quote_quantity, terms.display_quantity, terms.expires_at))
    guard least >= 0, hasLimit == (terms.price > 0), isStop == (terms.stop_price > 0),
      (timeInForce == .goodTillDate) == (terms.expires_at > 0)
    else { return false }
    if type == .market { return fitsMarket(terms) }
    guard terms.quantity > 0, terms.quote_quantity == 0 else { return false }
    if isPostOnly && (type != .limit || isImmediate) { return false }
    return terms.display_quantity == 0 || hasLimit && !isImmediate
  }

  private func fitsMarket(_ terms: Terms) -> Bool {
    guard timeInForce != .goodTillDate, terms.display_quantity == 0, !isPostOnly,
      (terms.quantity > 0) != (terms.quote_quantity > 0)
    else { return false }
    return timeInForce != .fillOrKill || terms.quantity > 0
  }

  @inline(__always)
  var hasLimit: Bool { type.hasLimit }

  @inline(__always)
  var isStop: Bool { type == .stop || type == .stopLimit }

  @inline(__always)
  var isImmediate: Bool { timeInForce == .immediateOrCancel || timeInForce == .fillOrKill }

  /// Whether the order needs a slot: it rests, or waits as a stop.
  @inline(__always)
  var mayStay: Bool { isStop || type == .limit && !isImmediate }
}

extension OrderType {
  /// Whether it says how far it may trade; a stop acts as a market order.
  @inline(__always)
  var hasLimit: Bool { self == .limit || self == .stopLimit }
}
