import Wire

/// An engine's records for accounts, one by one.
struct AccountMessage {
  let head: outcry_account_head
  private let records: UnsafeRawBufferPointer

  private static let headLength = MemoryLayout<outcry_account_head>.size
  private static let eventLength = MemoryLayout<Event>.size
  private static let commandLength = MemoryLayout<Command>.size

  /// Nil when it is none, or of another version.
  init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= Self.headLength else { return nil }
    head = bytes.loadUnaligned(as: outcry_account_head.self)
    guard head.version == UInt16(OUTCRY_EVENT_VERSION), head.tick_digits <= 18,
      head.lot_digits <= 18, head.tick_units > 0, head.lot_units > 0
    else { return nil }
    records = UnsafeRawBufferPointer(rebasing: bytes[Self.headLength...])
  }

  /// False when the records do not end where the message does.
  func forEach(_ body: (Event, Command?) -> Void) -> Bool {
    var offset = 0
    while offset + Self.eventLength <= records.count {
      let event = records.loadUnaligned(fromByteOffset: offset, as: Event.self)
      offset += Self.eventLength
      guard event.kind == EventKind.accepted.rawValue else {
        body(event, nil)
        continue
      }
      guard offset + Self.commandLength <= records.count else { return false }
      body(event, records.loadUnaligned(fromByteOffset: offset, as: Command.self))
      offset += Self.commandLength
    }
    return offset == records.count
  }
}

/// An event of an account in the words of the API.
struct AccountWords {
  let tick: Scale
  let lot: Scale
  private(set) var text = ""

  init(_ head: outcry_account_head) {
    tick = Scale(digits: head.tick_digits, units: head.tick_units)
    lot = Scale(digits: head.lot_digits, units: head.lot_units)
  }

  /// `asMaker`: of the two orders of a trade the one that was there first.
  mutating func write(_ event: Event, _ command: Command?, asMaker: Bool = false) -> String {
    text = "{\"event\":\"\(Self.name(event))\",\"orderId\":"
    text += String(asMaker ? event.maker_order_id : event.order_id)
    switch EventKind(rawValue: event.kind) {
    case .accepted: if let command { order(command) }
    case .trade: trade(event, asMaker)
    case .rested, .triggered: text += remaining(event.remaining)
    case .amended:
      if event.price != 0 { text += ",\"price\":\"\(tick.text(event.price))\"" }
      text += ",\"quantity\":\"\(lot.text(event.quantity))\"" + remaining(event.remaining)
    case .cancelled:
      text += ",\"cancelledQuantity\":\"\(lot.text(event.quantity))\""
      if let reason = EndReason(rawValue: event.reason).flatMap(OrderWords.reason) {
        text += ",\"reason\":\"\(reason)\""
      }
    default: break
    }
    text += ",\"time\":\(event.time),\"sequence\":\(event.sequence)}"
    return text
  }

  private mutating func order(_ command: Command) {
    let terms = command.terms
    if OrderFlags(rawValue: command.flags).contains(.clientKey) {
      let key = withUnsafeBytes(of: command.key) {
        String(decoding: $0.prefix(Int(command.key_length)), as: UTF8.self)
      }
      text += ",\"clientOrderId\":\"\(key)\""
    }
    if let side = Side(rawValue: command.side), let type = OrderType(rawValue: command.type),
      let timeInForce = TimeInForce(rawValue: command.time_in_force)
    {
      text += ",\"side\":\"\(OrderWords.side(side))\",\"type\":\"\(OrderWords.type(type))\""
      text += ",\"timeInForce\":\"\(OrderWords.timeInForce(timeInForce))\""
    }
    if terms.price != 0 { text += ",\"price\":\"\(tick.text(terms.price))\"" }
    if terms.stop_price != 0 { text += ",\"stopPrice\":\"\(tick.text(terms.stop_price))\"" }
    if terms.quantity != 0 { text += ",\"quantity\":\"\(lot.text(terms.quantity))\"" }
    if terms.display_quantity != 0 {
      text += ",\"displayQuantity\":\"\(lot.text(terms.display_quantity))\""
    }
    if terms.expires_at != 0 { text += ",\"expiresAt\":\(terms.expires_at)" }
  }

  private mutating func trade(_ event: Event, _ asMaker: Bool) {
    text += ",\"tradeId\":\(event.trade_id)"
    if let taker = Side(rawValue: event.side) {
      text += ",\"side\":\"\(OrderWords.side(asMaker ? taker.opposite : taker))\""
    }
    text += ",\"price\":\"\(tick.text(event.price))\""
    text += ",\"quantity\":\"\(lot.text(event.quantity))\""
    text += remaining(asMaker ? event.maker_remaining : event.remaining)
    text += ",\"liquidity\":\"\(asMaker ? "maker" : "taker")\""
    text += ",\"counterOrderId\":\(asMaker ? event.order_id : event.maker_order_id)"
  }

  private func remaining(_ quantity: Int64) -> String {
    ",\"remainingQuantity\":\"\(lot.text(quantity))\""
  }

  private static func name(_ event: Event) -> String {
    switch EventKind(rawValue: event.kind) {
    case .accepted: "accepted"
    case .rested: "rested"
    case .trade: "trade"
    case .amended: "amended"
    case .triggered: "triggered"
    case .cancelled:
      EndReason(rawValue: event.reason) == .expired ? "expired" : "cancelled"
    default: "other"
    }
  }
}
