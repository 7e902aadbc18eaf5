extension Operation {
  static let marketData: [Operation] = [
    Operation(
      method: "get", path: "/api/symbols", id: "listSymbols", tag: "market",
      summary: "All symbols with their rules.", access: .open, answer: "Symbols",
      meaning: "In the order they were added.", refusals: [400]),
    Operation(
      method: "get", path: "/api/symbols/{symbol}", id: "getSymbol", tag: "market",
      summary: "A symbol with its rules.", access: .open, parameters: ["symbol"],
      answer: "Symbol", meaning: "The symbol.", refusals: [400, 404]),
    Operation(
      method: "get", path: "/api/book/{symbol}", id: "getBook", tag: "market",
      summary: "The best levels of both sides.", access: .open,
      parameters: ["symbol", "depth"], answer: "Book",
      meaning: "As it was after the command `sequence`, which is durable.",
      refusals: [400, 404, 503]),
    Operation(
      method: "get", path: "/api/trades/{symbol}", id: "listTrades", tag: "market",
      summary: "The symbol's trades, newest first.", access: .open,
      parameters: ["symbol", "limit", "beforeTrade"], answer: "Trades",
      meaning: "A page of trades.", refusals: [400, 404, 503]),
    Operation(
      method: "get", path: "/api/candles/{symbol}", id: "listCandles", tag: "market",
      summary: "What was traded, by interval, newest first.", access: .open,
      parameters: ["symbol", "interval", "limit", "beforeCandle"], answer: "Candles",
      meaning: "A page of candles. An interval without a trade has none.",
      refusals: [400, 404, 503]),
    Operation(
      method: "get", path: "/api/ticker", id: "listTickers", tag: "market",
      summary: "Best prices and the last 24 hours of every symbol.", access: .open,
      answer: "Tickers", meaning: "In the order the symbols were added.", refusals: [400, 503]),
    Operation(
      method: "get", path: "/api/ticker/{symbol}", id: "getTicker", tag: "market",
      summary: "Best prices and the last 24 hours.", access: .open, parameters: ["symbol"],
      answer: "Ticker", meaning: "The 24 hours end with the minute that runs.",
      refusals: [400, 404, 503]),
  ]
}
