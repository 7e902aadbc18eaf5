import Wire

/// The JSON that goes to Redis. What the fields mean is in this folder's README.
struct FeedMessages {
  let symbol: Symbol
  private var json = JSONBytes()

  init(symbol: Symbol) { self.symbol = symbol }

  var bytes: [UInt8] { json.bytes }

  mutating func trades(_ trades: ArraySlice<Event>, first: UInt64, last: UInt64) {
    start()
    range(first, last)
    json.raw(",\"trades\":[")
    for (index, trade) in trades.enumerated() {
      json.raw(index == 0 ? "{\"tradeId\":" : ",{\"tradeId\":")
      json.integer(trade.trade_id)
      json.raw(",\"price\":")
      json.decimal(trade.price, symbol.tick)
      json.raw(",\"quantity\":")
      json.decimal(trade.quantity, symbol.lot)
      json.raw(trade.side == Side.buy.rawValue ? ",\"side\":\"buy\"" : ",\"side\":\"sell\"")
      json.raw(",\"time\":")
      json.integer(trade.time)
      json.raw(",\"sequence\":")
      json.integer(trade.sequence)
      json.raw("}")
    }
    json.raw("]}")
  }

  /// Without a batch it says only where the book is.
  mutating func difference(_ batch: FeedBatch?, first: UInt64, last: UInt64) {
    start()
    range(first, last)
    if let batch {
      json.raw(",\"time\":")
      json.integer(batch.time)
    }
    levels(batch?.changedBids() ?? [], batch?.changedAsks() ?? [])
    json.raw("}")
  }

  /// `inStream` marks a snapshot that stands between differences: what follows starts behind it.
  mutating func depth(_ depth: Depth, levels limit: Int, inStream: Bool) {
    start()
    if inStream { json.raw(",\"snapshot\":true") }
    json.raw(",\"sequence\":")
    json.integer(depth.sequence)
    json.raw(",\"time\":")
    json.integer(depth.time)
    levels(Array(depth.bids.prefix(limit)), Array(depth.asks.prefix(limit)))
    json.raw("}")
  }

  mutating func gap(first: UInt64, last: UInt64) {
    start()
    json.raw(",\"gap\":true")
    range(first, last)
    json.raw("}")
  }

  mutating func ticker(_ depth: Depth, _ day: Candle?, time: Int64) {
    start()
    json.raw(",\"sequence\":")
    json.integer(depth.sequence)
    json.raw(",\"time\":")
    json.integer(time)
    json.raw(",\"last\":")
    json.optionalDecimal(depth.lastPrice == 0 ? nil : depth.lastPrice, symbol.tick)
    for (name, best) in [("bid", depth.bids.first), ("ask", depth.asks.first)] {
      json.raw(name == "bid" ? ",\"bid\":" : ",\"ask\":")
      json.optionalDecimal(best?.price, symbol.tick)
      json.raw(name == "bid" ? ",\"bidQuantity\":" : ",\"askQuantity\":")
      json.optionalDecimal(best?.quantity, symbol.lot)
    }
    json.raw(",\"open\":")
    json.optionalDecimal(day?.open, symbol.tick)
    json.raw(",\"high\":")
    json.optionalDecimal(day?.high, symbol.tick)
    json.raw(",\"low\":")
    json.optionalDecimal(day?.low, symbol.tick)
    json.raw(",\"change\":")
    json.optionalDecimal(day.map { $0.close - $0.open }, symbol.tick)
    json.raw(",\"volume\":")
    json.decimal(day?.volume ?? 0, symbol.lot)
    json.raw(",\"trades\":")
    json.integer(day?.trades ?? 0)
    json.raw("}")
  }

  mutating func candle(_ candle: Candle) {
    start()
    json.raw(",\"interval\":")
    json.plain(candle.interval.name)
    json.raw(",\"time\":")
    json.integer(candle.start)
    json.raw(",\"open\":")
    json.decimal(candle.open, symbol.tick)
    json.raw(",\"high\":")
    json.decimal(candle.high, symbol.tick)
    json.raw(",\"low\":")
    json.decimal(candle.low, symbol.tick)
    json.raw(",\"close\":")
    json.decimal(candle.close, symbol.tick)
    json.raw(",\"volume\":")
    json.decimal(candle.volume, symbol.lot)
    json.raw(",\"trades\":")
    json.integer(candle.trades)
    json.raw("}")
  }

  private mutating func start() {
    json.removeAll()
    json.raw("{\"symbol\":")
    json.plain(symbol.name)
  }

  private mutating func range(_ first: UInt64, _ last: UInt64) {
    json.raw(",\"firstSequence\":")
    json.integer(first)
    json.raw(",\"lastSequence\":")
    json.integer(last)
  }

  private mutating func levels(_ bids: [DepthLevel], _ asks: [DepthLevel]) {
    json.raw(",\"bids\":[")
    side(bids)
    json.raw("],\"asks\":[")
    side(asks)
    json.raw("]")
  }

  private mutating func side(_ levels: [DepthLevel]) {
    for (index, level) in levels.enumerated() {
      json.raw(index == 0 ? "[" : ",[")
      json.decimal(level.price, symbol.tick)
      json.raw(",")
      // A level that is gone.
      if level.quantity == 0 { json.raw("\"0\"") } else { json.decimal(level.quantity, symbol.lot) }
      json.raw("]")
    }
  }
}
