import Wire

/// Everything the book knows of one order, as it stood when it was asked for.
public struct OrderView: Sendable {
  public var id: UInt64
  public var account: UInt64
  public var side: Side
  public var type: OrderType
  public var timeInForce: TimeInForce
  public var selfTradePrevention: SelfTradePrevention
  public var flags: OrderFlags
  public var status: OrderStatus
  public var reason: EndReason = .none
  /// As last amended.
  public var terms: Terms
  public var createdAt: Int64
  public var filled: Int64
  /// What may still trade: 0 once the order has ended, whatever was unfilled then.
  public var remaining: Int64
  /// The part of `remaining` that its level shows.
  public var displayed: Int64
  /// The sum of price × quantity over all its fills.
  public var filledQuote: Int64
  public var keyLength: UInt8
  public var keyWords: (UInt64, UInt64, UInt64, UInt64, UInt64)

  /// Fills in what an answer says about the order; the rest of the answer is left alone.
  public func write(to answer: inout Answer) {
    answer.status = status.rawValue
    answer.reason = reason.rawValue
    answer.side = side.rawValue
    answer.type = type.rawValue
    answer.time_in_force = timeInForce.rawValue
    answer.self_trade_prevention = selfTradePrevention.rawValue
    answer.order_flags = flags.rawValue
    answer.key_length = keyLength
    answer.order_id = id
    answer.terms = terms
    answer.created_at = createdAt
    answer.filled = filled
    answer.remaining = remaining
    answer.filled_quote = filledQuote
    withUnsafeBytes(of: keyWords) { words in
      withUnsafeMutableBytes(of: &answer.key) { $0.copyMemory(from: words) }
    }
  }
}

extension OrderBook {
  /// An open order; nil when there is none of this id.
  public func order(_ id: UInt64) -> OrderView? {
    let slot = orders.find(id)
    return slot == 0 ? nil : view(slot)
  }

  /// The order that the last command, accepted and about one order, placed, changed or ended, as
  /// it stands afterwards: also when it is no longer open. Ask before the next command.
  public func subject(of command: Command) -> OrderView? {
    guard command.order_id == current.subject, command.order_id != 0 else { return nil }
    guard let ending = current.subjectEnd else { return order(command.order_id) }
    let slot = current.subjectSlot
    var view = slot == 0 ? placed(command) : view(slot)
    view.status = ending.status
    view.reason = ending.reason
    view.filled = ending.filled
    view.filledQuote = ending.filledQuote
    view.remaining = 0
    view.displayed = 0
    return view
  }

  func view(_ slot: UInt32) -> OrderView {
    let record = orders.records[slot]
    let detail = details[slot]
    let filled = detail.terms.quantity - record.remaining
    let isWaiting = UInt32(record.shelf) == Shelf.stops(detail.side)
    return OrderView(
      id: record.id, account: accounts.records[record.account].id, side: detail.side,
      type: record.type, timeInForce: record.timeInForce,
      selfTradePrevention: record.prevention, flags: OrderFlags(rawValue: detail.flags),
      status: isWaiting ? .pendingTrigger : filled > 0 ? .partiallyFilled : .open,
      terms: detail.terms.whole, createdAt: detail.createdAt, filled: filled,
      remaining: record.remaining, displayed: isWaiting ? 0 : record.shown,
      filledQuote: record.filledQuote, keyLength: detail.keyLength, keyWords: key(slot))
  }

  @inline(__always)
  func key(_ slot: UInt32) -> KeyWords {
    details[slot].keyLength == 0 ? (0, 0, 0, 0, 0) : keys[slot]
  }

  /// An order that never had a slot is known from its command alone.
  private func placed(_ command: Command) -> OrderView {
    OrderView(
      id: command.order_id, account: command.account,
      side: Side(rawValue: command.side) ?? .buy,
      type: OrderType(rawValue: command.type) ?? .limit,
      timeInForce: TimeInForce(rawValue: command.time_in_force) ?? .goodTillCancelled,
      selfTradePrevention: SelfTradePrevention(rawValue: command.self_trade_prevention) ?? .none,
      flags: OrderFlags(rawValue: command.flags), status: .open, terms: command.terms,
      createdAt: command.time, filled: 0, remaining: 0, displayed: 0, filledQuote: 0,
      keyLength: command.key_length,
      keyWords: unsafeBitCast(command.key, to: KeyWords.self))
  }
}
