import Wire

/// Commands and events in words a trader can read.
public enum ObviousBookTable {
  /// `command => what came of it`, the form of the scenario tables.
  public static func line(_ command: Command, _ refusal: Refusal?, _ events: [Event]) -> String {
    describe(command) + " => " + outcome(refusal, events)
  }

  /// The order's acceptance is left out unless nothing else happened.
  public static func outcome(_ refusal: Refusal?, _ events: [Event]) -> String {
    if let refusal { return "refused \(refusal)" }
    let first = events.first?.kind == EventKind.accepted.rawValue
    let told = first && events.count > 1 ? Array(events.dropFirst()) : events
    return told.isEmpty ? "nothing" : told.map { describe($0) }.joined(separator: ", ")
  }

  public static func describe(_ command: Command) -> String {
    let terms = command.terms
    switch CommandKind(rawValue: command.kind) {
    case .place: return "#\(command.order_id) \(command.account) " + describe(order: command)
    case .cancel: return "cancel #\(command.order_id) by \(command.account)"
    case .amend:
      var text = "amend #\(command.order_id) by \(command.account)"
      if terms.quantity != 0 { text += " \(terms.quantity)" }
      if terms.price != 0 { text += " @ \(terms.price)" }
      if terms.stop_price != 0 { text += " stop \(terms.stop_price)" }
      return text
    case .cancelAccount: return "cancel all of \(command.account)"
    case .setReference: return "reference \(terms.price)"
    case .expire: return "expire at \(command.time)"
    case .configure: return "rules \(command.rules)"
    case let kind?: return "\(kind)"
    case nil: return "kind \(command.kind)"
    }
  }

  private static func describe(order command: Command) -> String {
    let terms = command.terms
    var text = Side(rawValue: command.side).map { "\($0)" } ?? "side \(command.side)"
    text += terms.quote_quantity != 0 ? " for \(terms.quote_quantity)" : " \(terms.quantity)"
    if terms.price != 0 { text += " @ \(terms.price)" }
    if terms.stop_price != 0 { text += " stop \(terms.stop_price)" }
    if terms.price == 0 && terms.stop_price == 0 { text += " market" }
    switch TimeInForce(rawValue: command.time_in_force) {
    case .goodTillCancelled: break
    case .immediateOrCancel: text += " ioc"
    case .fillOrKill: text += " fok"
    case .goodTillDate: text += " until \(terms.expires_at)"
    case nil: text += " tif \(command.time_in_force)"
    }
    if terms.display_quantity != 0 { text += " show \(terms.display_quantity)" }
    if command.flags & OrderFlags.postOnly.rawValue != 0 { text += " post" }
    let prevention = SelfTradePrevention(rawValue: command.self_trade_prevention)
    if prevention != SelfTradePrevention.none {
      text += " " + (prevention.map { "\($0)" } ?? "stp \(command.self_trade_prevention)")
    }
    return text
  }

  public static func describe(_ event: Event) -> String {
    let order = "#\(event.order_id)"
    switch EventKind(rawValue: event.kind) {
    case .accepted: return "\(order) accepted"
    case .rested: return "\(order) rests \(event.remaining)" + level(event)
    case .trade:
      return "\(order) trades \(event.quantity) @ \(event.price) with #\(event.maker_order_id)"
        + level(event)
    case .refilled: return "\(order) refills \(event.quantity)" + level(event)
    case .cancelled:
      let reason = EndReason(rawValue: event.reason).map { "\($0)" } ?? "\(event.reason)"
      return "\(order) ends \(event.quantity) \(reason)" + level(event)
    case .amended:
      let price = event.price == 0 ? "" : " @ \(event.price)"
      return "\(order) becomes \(event.quantity)\(price)" + level(event)
    case .triggered: return "\(order) triggers"
    case .state: return MarketState(rawValue: event.state).map { "\($0)" } ?? "\(event.state)"
    case .configured: return "configured"
    case .reference: return "reference \(event.price)"
    case nil: return "kind \(event.kind)"
    }
  }

  /// What the level shows afterwards.
  private static func level(_ event: Event) -> String {
    guard let side = Side(rawValue: event.level_side) else { return "" }
    return " [\(side == .buy ? "bid" : "ask") \(event.level_price): \(event.level_quantity)]"
  }
}
