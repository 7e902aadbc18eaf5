import Wire

/// A symbol as a ticker shows it.
public struct TickerRow: Sendable {
  public var entry: SymbolEntry
  /// What the board says; nil while no engine has said anything.
  public var board: outcry_board_summary?
  /// What was traded in 24 hours; nil when nothing was.
  public var day: Candle?
  public var time: Int64

  public init(
    entry: SymbolEntry, board: outcry_board_summary?, day: Candle?, time: Int64
  ) {
    self.entry = entry
    self.board = board
    self.day = day
    self.time = time
  }
}

extension JSONOutput {
  /// `{"symbol","interval","candles":[…]}`, in the order given.
  public mutating func candles(
    _ candles: [Candle], _ interval: CandleInterval, entry: SymbolEntry, next: UInt64? = nil
  ) {
    beginObject()
    key("symbol")
    symbol(entry)
    key("interval")
    value(interval.name)
    key("candles")
    beginArray()
    for candle in candles {
      beginObject()
      key("time")
      value(candle.start)
      key("open")
      decimal(candle.open, entry.symbol.tick)
      key("high")
      decimal(candle.high, entry.symbol.tick)
      key("low")
      decimal(candle.low, entry.symbol.tick)
      key("close")
      decimal(candle.close, entry.symbol.tick)
      key("volume")
      decimal(candle.volume, entry.symbol.lot)
      key("trades")
      value(candle.trades)
      endObject()
    }
    endArray()
    self.next(next)
    endObject()
  }

  /// `{"tickers":[…]}`.
  public mutating func tickers(_ rows: [TickerRow]) {
    beginObject()
    key("tickers")
    beginArray()
    for row in rows { ticker(row) }
    endArray()
    endObject()
  }

  /// The same fields as the stream's.
  public mutating func ticker(_ row: TickerRow) {
    let (tick, lot) = (row.entry.symbol.tick, row.entry.symbol.lot)
    beginObject()
    key("symbol")
    symbol(row.entry)
    key("sequence")
    value(row.board?.sequence ?? 0)
    key("time")
    value(row.time)
    amount("last", row.board?.last_price, tick)
    amount("bid", row.board?.best_bid_price, tick)
    amount("bidQuantity", row.board?.best_bid_quantity, lot)
    amount("ask", row.board?.best_ask_price, tick)
    amount("askQuantity", row.board?.best_ask_quantity, lot)
    amount("open", row.day?.open, tick)
    amount("high", row.day?.high, tick)
    amount("low", row.day?.low, tick)
    key("change")
    if let day = row.day { decimal(day.close - day.open, tick) } else { null() }
    key("volume")
    decimal(row.day?.volume ?? 0, lot)
    key("trades")
    value(row.day?.trades ?? 0)
    endObject()
  }

  /// Nothing, which the board writes as zero, is null.
  private mutating func amount(_ name: StaticString, _ units: Int64?, _ scale: Scale) {
    key(name)
    if let units, units != 0 { decimal(units, scale) } else { null() }
  }
}
