import Wire

/// One fill of an order as history knows it, where it may also have been the maker.
public struct FillRow: Sendable {
  public var fill: Fill
  public var isMaker: Bool

  public init(_ fill: Fill, isMaker: Bool) {
    self.fill = fill
    self.isMaker = isMaker
  }
}

/// An order read from the tables: the same record an engine answers with, filled from the row,
/// so that there is one way to write an order.
public struct OrderRow: Sendable {
  public var entry: SymbolEntry
  public var order: Answer
  public var fills: [FillRow]

  public init(entry: SymbolEntry, order: Answer, fills: [FillRow] = []) {
    self.entry = entry
    self.order = order
    self.fills = fills
  }
}

extension JSONOutput {
  /// The order after the command that `answer` answers, or the error of its refusal.
  ///
  /// `fills` are those of this command; the order was their taker.
  public mutating func order(
    _ answer: borrowing Answer, fills: UnsafeBufferPointer<Fill>, entry: SymbolEntry
  ) {
    beginObject()
    orderFields(answer, entry)
    key("fills")
    beginArray()
    for fill in fills { self.fill(fill, isMaker: false, entry) }
    endArray()
    let flags = AnswerFlags(rawValue: answer.flags)
    if flags.contains(.fillsCutShort) {
      key("fillsCutShort")
      value(true)
    }
    if flags.contains(.duplicate) {
      key("duplicate")
      value(true)
    }
    endObject()
  }

  public mutating func order(_ row: OrderRow) {
    beginObject()
    orderFields(row.order, row.entry)
    key("fills")
    beginArray()
    for fill in row.fills { self.fill(fill.fill, isMaker: fill.isMaker, row.entry) }
    endArray()
    if AnswerFlags(rawValue: row.order.flags).contains(.fillsCutShort) {
      key("fillsCutShort")
      value(true)
    }
    endObject()
  }

  /// `{"orders":[…]}`, in the order given. `place` is for another shard.
  public mutating func orders(_ rows: [OrderRow], next: UInt64? = nil, place: Int64? = nil) {
    beginObject()
    key("orders")
    beginArray()
    for row in rows { order(row) }
    endArray()
    self.next(next)
    self.place(place)
    endObject()
  }

  // MARK: - Parts

  private mutating func orderFields(_ order: borrowing Answer, _ entry: SymbolEntry) {
    let symbol = entry.symbol
    let flags = OrderFlags(rawValue: order.order_flags)
    key("orderId")
    value(order.order_id)
    if flags.contains(.clientKey) {
      key("clientOrderId")
      clientKey(order)
    }
    key("symbol")
    self.symbol(entry)
    orderWords(order)
    terms(order.terms, entry)
    if flags.contains(.postOnly) {
      key("postOnly")
      value(true)
    }
    key("filledQuantity")
    decimal(order.filled, symbol.lot)
    key("remainingQuantity")
    decimal(order.remaining, symbol.lot)
    key("averagePrice")
    if order.filled > 0 {
      average(quote: order.filled_quote, filled: order.filled, tick: symbol.tick)
    } else {
      null()
    }
    key("createdAt")
    value(order.created_at)
    key("sequence")
    value(order.sequence)
  }

  /// A key holds only characters that need no escape; it was checked on its way in.
  @inline(__always)
  private mutating func clientKey(_ order: borrowing Answer) {
    let length = min(Int(order.key_length), Command.keyCapacity)
    withUnsafeBytes(of: order.key) { bytes in
      value(utf8: UnsafeRawBufferPointer(rebasing: bytes[..<length]))
    }
  }

  @inline(__always)
  private mutating func orderWords(_ order: borrowing Answer) {
    key("side")
    word(Side(rawValue: order.side).map(OrderWords.side))
    key("type")
    word(OrderType(rawValue: order.type).map(OrderWords.type))
    key("timeInForce")
    word(TimeInForce(rawValue: order.time_in_force).map(OrderWords.timeInForce))
    let mode = SelfTradePrevention(rawValue: order.self_trade_prevention)
    if let mode, mode != .cancelTaker {
      key("selfTradePrevention")
      value(OrderWords.selfTradePrevention(mode))
    }
    key("status")
    word(OrderStatus(rawValue: order.status).map(OrderWords.status))
    if let reason = EndReason(rawValue: order.reason).flatMap(OrderWords.reason) {
      key("reason")
      value(reason)
    }
  }

  /// A number that this version does not know comes from a newer peer; null says so.
  @inline(__always)
  private mutating func word(_ word: StaticString?) {
    if let word { value(word) } else { null() }
  }

  private mutating func terms(_ terms: Terms, _ entry: SymbolEntry) {
    let symbol = entry.symbol
    if terms.price != 0 {
      key("price")
      decimal(terms.price, symbol.tick)
    }
    if terms.stop_price != 0 {
      key("stopPrice")
      decimal(terms.stop_price, symbol.tick)
    }
    if terms.quantity != 0 {
      key("quantity")
      decimal(terms.quantity, symbol.lot)
    }
    if terms.quote_quantity != 0 {
      key("quoteQuantity")
      decimal(terms.quote_quantity, entry.notional)
    }
    if terms.display_quantity != 0 {
      key("displayQuantity")
      decimal(terms.display_quantity, symbol.lot)
    }
    if terms.expires_at != 0 {
      key("expiresAt")
      value(terms.expires_at)
    }
  }

  private mutating func fill(_ fill: Fill, isMaker: Bool, _ entry: SymbolEntry) {
    beginObject()
    key("tradeId")
    value(fill.trade_id)
    key("price")
    decimal(fill.price, entry.symbol.tick)
    key("quantity")
    decimal(fill.quantity, entry.symbol.lot)
    key("liquidity")
    value(isMaker ? "maker" : "taker")
    key("counterOrderId")
    value(fill.counter_order_id)
    endObject()
  }

  @inline(__always)
  mutating func symbol(_ entry: SymbolEntry) {
    entry.nameJSON.withUnsafeBytes { raw($0) }
  }
}
