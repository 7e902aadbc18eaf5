import Wire

/// What a batch of events makes of one order: either a whole new row, or changes to a row that is
/// in the table already, of which the events tell only the differences.
package struct ProjectedOrder {
  package enum Status {
    package static let unchanged: UInt8 = 0
    /// Open or partially filled, whichever the filled quantity says.
    package static let live: UInt8 = 255
  }

  package var id: UInt64
  /// Placed in this batch: all fields are known. Otherwise `filled` and `filledQuote` count from
  /// the row's own, and zero terms mean that they stay.
  package var isNew = false
  package var account: UInt64 = 0
  package var terms = Terms()
  package var filled: Int64 = 0
  package var filledQuote: Int64 = 0
  package var remaining: Int64 = 0
  package var createdAt: Int64 = 0
  package var updatedAt: Int64 = 0
  package var createdSequence: UInt64 = 0
  package var sequence: UInt64 = 0
  package var side: UInt8 = 0
  package var type: UInt8 = 0
  package var timeInForce: UInt8 = 0
  package var selfTradePrevention: UInt8 = 0
  package var flags: UInt8 = 0
  package var status = Status.unchanged
  package var reason: UInt8 = 0
  package var keyLength: UInt8 = 0
  package var key = Command().key

  init(id: UInt64) { self.id = id }

  init(placedBy command: Command) {
    id = command.order_id
    isNew = true
    account = command.account
    terms = command.terms
    remaining = command.terms.quantity
    createdAt = command.time
    createdSequence = command.sequence
    side = command.side
    type = command.type
    timeInForce = command.time_in_force
    selfTradePrevention = command.self_trade_prevention
    flags = command.flags
    status = command.placesStop ? OrderStatus.pendingTrigger.rawValue : Status.live
    if OrderFlags(rawValue: flags).contains(.clientKey) {
      keyLength = command.key_length
      key = command.key
    }
  }

  /// Open at some moment, whoever touched it last before that.
  package init(open answer: Answer, account: UInt64) {
    id = answer.order_id
    isNew = true
    self.account = account
    terms = answer.terms
    filled = answer.filled
    filledQuote = answer.filled_quote
    remaining = answer.remaining
    createdAt = answer.created_at
    createdSequence = OrderID.sequence(of: id)
    side = answer.side
    type = answer.type
    timeInForce = answer.time_in_force
    selfTradePrevention = answer.self_trade_prevention
    flags = answer.order_flags
    status = answer.status
    if OrderFlags(rawValue: flags).contains(.clientKey) {
      keyLength = answer.key_length
      key = answer.key
    }
  }

  /// Right after an amendment, before anything else that its command brought about.
  init(amended event: Event) {
    id = event.order_id
    isNew = true
    sequence = event.sequence
    terms.price = event.price
    terms.stop_price = event.stop_price
    terms.quantity = event.quantity
    remaining = event.remaining
    filled = event.quantity - event.remaining
    filledQuote = event.filled_quote
    // A waiting stop stands in no level that anybody sees.
    let isWaiting = event.level_side == 0
    status = isWaiting ? OrderStatus.pendingTrigger.rawValue : Status.live
  }

  package var isAmended: Bool {
    !isNew && (terms.price != 0 || terms.stop_price != 0 || terms.quantity != 0)
  }

  /// The status as the table has it; only for a new row, whose filled quantity is known.
  package var storedStatus: UInt8 {
    guard status == Status.live else { return status }
    return (filled > 0 ? OrderStatus.partiallyFilled : .open).rawValue
  }

  package static func isOpen(_ status: UInt8) -> Bool {
    switch OrderStatus(rawValue: status) {
    case .filled, .cancelled, .expired: false
    default: true
    }
  }

  mutating func fill(_ event: Event, remaining left: Int64) {
    filled += event.quantity
    filledQuote += event.price * event.quantity
    remaining = left
    // A market order that spends a quote amount has nothing remaining from the start; that it is
    // filled is told by its end.
    let spendsQuote = isNew && terms.quote_quantity != 0
    status = left == 0 && !spendsQuote ? OrderStatus.filled.rawValue : Status.live
  }

  mutating func end(_ event: Event) {
    remaining = 0
    reason = event.reason
    status =
      switch EndReason(rawValue: event.reason) {
      case .expired: OrderStatus.expired.rawValue
      case .quoteSpent: OrderStatus.filled.rawValue
      default: OrderStatus.cancelled.rawValue
      }
  }

  mutating func amend(_ event: Event, by command: Command) {
    if event.price != 0 { terms.price = event.price }
    if command.terms.stop_price != 0 { terms.stop_price = command.terms.stop_price }
    terms.quantity = event.quantity
    remaining = event.remaining
  }
}
