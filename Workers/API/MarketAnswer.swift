import Wire

/// A trade of the public tape.
public struct TradeRow: Sendable {
  public var tradeID: UInt64
  public var price: Int64
  public var quantity: Int64
  /// The taker's.
  public var side: Side
  public var time: Int64
  public var sequence: UInt64

  public init(
    tradeID: UInt64, price: Int64, quantity: Int64, side: Side, time: Int64, sequence: UInt64
  ) {
    self.tradeID = tradeID
    self.price = price
    self.quantity = quantity
    self.side = side
    self.time = time
    self.sequence = sequence
  }
}

/// A trade of one's own, with the order it belongs to.
public struct OwnFillRow: Sendable {
  public var entry: SymbolEntry
  public var orderID: UInt64
  public var side: Side
  public var time: Int64
  public var fill: FillRow

  public init(entry: SymbolEntry, orderID: UInt64, side: Side, time: Int64, fill: FillRow) {
    self.entry = entry
    self.orderID = orderID
    self.side = side
    self.time = time
    self.fill = fill
  }
}

extension JSONOutput {
  /// The book; both sides best first, as the board holds them.
  public mutating func book(
    _ entry: SymbolEntry, sequence: UInt64, time: Int64,
    bids: UnsafeBufferPointer<outcry_level>, asks: UnsafeBufferPointer<outcry_level>
  ) {
    beginObject()
    key("symbol")
    symbol(entry)
    key("sequence")
    value(sequence)
    key("time")
    value(time)
    key("bids")
    levels(bids, entry.symbol)
    key("asks")
    levels(asks, entry.symbol)
    endObject()
  }

  private mutating func levels(
    _ levels: UnsafeBufferPointer<outcry_level>, _ symbol: Symbol
  ) {
    beginArray()
    for level in levels {
      beginArray()
      decimal(level.price, symbol.tick)
      decimal(level.quantity, symbol.lot)
      endArray()
    }
    endArray()
  }

  /// `{"symbol","trades":[…]}`, in the order given. `next` is what the page that follows is asked
  /// for with, and is left away on the last one.
  public mutating func trades(_ rows: [TradeRow], entry: SymbolEntry, next: UInt64? = nil) {
    beginObject()
    key("symbol")
    symbol(entry)
    key("trades")
    beginArray()
    for row in rows {
      beginObject()
      key("tradeId")
      value(row.tradeID)
      key("price")
      decimal(row.price, entry.symbol.tick)
      key("quantity")
      decimal(row.quantity, entry.symbol.lot)
      key("side")
      value(OrderWords.side(row.side))
      key("time")
      value(row.time)
      key("sequence")
      value(row.sequence)
      endObject()
    }
    endArray()
    self.next(next)
    endObject()
  }

  mutating func next(_ cursor: UInt64?) {
    guard let cursor else { return }
    key("next")
    value(cursor)
  }

  /// The time of what a page begins behind.
  mutating func place(_ time: Int64?) {
    guard let time else { return }
    key("place")
    value(time)
  }

  /// `{"fills":[…]}`, in the order given. `place` is for another shard.
  public mutating func fills(_ rows: [OwnFillRow], next: UInt64? = nil, place: Int64? = nil) {
    beginObject()
    key("fills")
    beginArray()
    for row in rows {
      beginObject()
      key("tradeId")
      value(row.fill.fill.trade_id)
      key("orderId")
      value(row.orderID)
      key("symbol")
      symbol(row.entry)
      key("side")
      value(OrderWords.side(row.side))
      key("price")
      decimal(row.fill.fill.price, row.entry.symbol.tick)
      key("quantity")
      decimal(row.fill.fill.quantity, row.entry.symbol.lot)
      key("liquidity")
      value(row.fill.isMaker ? "maker" : "taker")
      key("time")
      value(row.time)
      endObject()
    }
    endArray()
    self.next(next)
    self.place(place)
    endObject()
  }

  /// `{"symbols":[…]}`; a symbol whose engine is away has no state.
  public mutating func symbols(_ entries: [(SymbolEntry, MarketState?)]) {
    beginObject()
    key("symbols")
    beginArray()
    for (entry, state) in entries { symbol(entry, state: state) }
    endArray()
    endObject()
  }

  public mutating func symbol(_ entry: SymbolEntry, state: MarketState?) {
    let symbol = entry.symbol
    let rules = symbol.rules
    beginObject()
    key("symbol")
    self.symbol(entry)
    key("base")
    value(symbol.base)
    key("quote")
    value(symbol.quote)
    key("state")
    switch state {
    case .trading: value("trading")
    case .halted: value("halted")
    case .cancelOnly: value("cancel_only")
    case nil: null()
    }
    key("shard")
    value(symbol.shard)
    key("tickSize")
    decimal(1, symbol.tick)
    key("lotSize")
    decimal(1, symbol.lot)
    limit("minQuantity", rules.min_quantity, symbol.lot)
    limit("maxQuantity", rules.max_quantity, symbol.lot)
    limit("minNotional", rules.min_notional, entry.notional)
    limit("maxNotional", rules.max_notional, entry.notional)
    limit("maxPrice", rules.max_price, symbol.tick)
    key("priceBandBasisPoints")
    value(rules.price_band_bps)
    key("slippageBasisPoints")
    value(rules.slippage_bps)
    key("maxOpenOrders")
    value(rules.max_open_orders)
    endObject()
  }

  /// No limit is null.
  private mutating func limit(_ name: StaticString, _ units: Int64, _ scale: Scale) {
    key(name)
    if units == 0 { null() } else { decimal(units, scale) }
  }
}
