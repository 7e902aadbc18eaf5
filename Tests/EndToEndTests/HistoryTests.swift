import Foundation
import TestSupport
import Testing

@Suite("History", .serialized)
struct HistoryTests {
  /// All pages of a list from the newest row back, while `meanwhile` adds newer ones.
  private func pages(
    _ client: Client, _ path: String, _ list: String, meanwhile: () throws -> Void
  ) rethrows -> [[String: Any]] {
    var rows: [[String: Any]] = []
    var cursor = ""
    for _ in 0..<100 {
      let answer = client.call("GET", path + cursor)
      #expect(answer.status == 200, "\(answer)")
      rows += answer[list] as? [[String: Any]] ?? []
      guard let next = answer["next"] as? Int else { return rows }
      cursor = "&before=\(next)"
      try meanwhile()
    }
    Issue.record("the pages of \(path) do not end")
    return rows
  }

  @Test("comes in pages that neither skip nor repeat a row while new ones are added")
  func stable() throws {
    let exchange = try Exchange()
    let maker = try exchange.trader()
    let taker = try exchange.trader()
    var traded = ["BTC-USD": 0, "ETH-USD": 0]
    func trade(_ symbol: String) throws {
      traded[symbol, default: 0] += 1
      #expect(maker.place("sell", "1", at: "100", symbol: symbol).status == 201)
      #expect(taker.place("buy", "1", at: "100", symbol: symbol).status == 201)
    }
    for number in 0..<23 { try trade(number % 3 == 0 ? "ETH-USD" : "BTC-USD") }
    func check(
      _ client: Client, _ path: String, _ list: String, id: String, of symbols: String...
    ) throws {
      let count = symbols.reduce(0) { $0 + (traded[$1] ?? 0) }
      let before = client.call("GET", path.replacing("limit=4", with: "limit=1000"))
      let expected = (before[list] as? [[String: Any]] ?? []).map { "\($0[id] ?? "")" }
      #expect(expected.count == count && Set(expected).count == count, "\(path): \(expected)")
      let found = try pages(client, path, list) {
        for symbol in ["BTC-USD", "ETH-USD"] { try trade(symbol) }
      }
      #expect(found.map { "\($0[id] ?? "")" } == expected, "\(path)")
    }
    let (one, two) = ("BTC-USD", "ETH-USD")
    try check(taker, "/api/orders?limit=4", "orders", id: "orderId", of: one, two)
    try check(taker, "/api/fills?limit=4", "fills", id: "orderId", of: one, two)
    try check(maker, "/api/fills?limit=4&symbol=BTC-USD", "fills", id: "tradeId", of: one)
    try check(maker, "/api/trades/BTC-USD?limit=4", "trades", id: "tradeId", of: one)
    for path in ["orders", "fills"] {
      let answer = taker.call("GET", "/api/\(path)?before=999999")
      #expect(answer.status == 400 && answer.errorCode == "invalid_value", "\(answer)")
    }
  }

  @Test("adds up to exact positions at the average price of what is held")
  func positions() throws {
    let exchange = try Exchange()
    let trader = try exchange.trader()
    let other = try exchange.trader()
    func trade(_ side: String, _ quantity: String, at price: String) {
      let opposite = side == "buy" ? "sell" : "buy"
      #expect(other.place(opposite, quantity, at: price).status == 201)
      #expect(trader.place(side, quantity, at: price)["status"] as? String == "filled")
    }
    func position(_ client: Client) -> [String] {
      let account = client.call("GET", "/api/account")
      let found = (account["positions"] as? [[String: Any]] ?? []).map {
        "\($0["symbol"] ?? "") \($0["quantity"] ?? "") \($0["averagePrice"] ?? "")"
      }
      return found
    }
    #expect(position(trader) == [])
    trade("buy", "0.5", at: "100")
    trade("buy", "0.5", at: "200")
    #expect(position(trader) == ["BTC-USD 1.00000 150.00"])
    #expect(position(other) == ["BTC-USD -1.00000 150.00"])
    trade("sell", "0.4", at: "999")
    #expect(position(trader) == ["BTC-USD 0.60000 150.00"])
    trade("sell", "0.7", at: "300")
    #expect(position(trader) == ["BTC-USD -0.10000 300.00"])
    trade("buy", "0.1", at: "250")
    #expect(position(trader) == [])
    #expect(trader.place("buy", "1", at: "10").status == 201)
    let account = trader.call("GET", "/api/account")
    #expect(account["openOrders"] as? Int == 1)
    #expect((account["name"] as? String)?.hasPrefix("trader-") == true)
    #expect(exchange.outcry("verify", "BTC-USD").status == 0)
  }

  @Test("shows what an order took when it was placed, amended or triggered, and as maker")
  func fillsOfOrders() throws {
    let exchange = try Exchange()
    let maker = try exchange.trader()
    let taker = try exchange.trader()
    func id(_ answer: Client.Answer) throws -> Int {
      #expect(answer.status == 201, "\(answer)")
      return try #require(answer["orderId"] as? Int)
    }
    /// Price and role of each fill, as the order by itself and the list of orders have them.
    func fills(_ client: Client, _ id: Int) -> [[String]] {
      let alone = client.call("GET", "/api/orders/\(id)").json
      let listed = client.call("GET", "/api/orders?limit=100")["orders"] as? [[String: Any]] ?? []
      let both = [alone, listed.first { $0["orderId"] as? Int == id } ?? [:]]
      return both.map { order in
        (order["fills"] as? [[String: Any]] ?? []).map {
          "\($0["price"] ?? "") \($0["liquidity"] ?? "")"
        }
      }
    }
    func expect(_ found: [[String]], _ expected: [String]) {
      #expect(found == [expected, expected])
    }
    var asks: [Int] = []
    for price in ["100", "101", "102", "103", "103", "103"] {
      asks.append(try id(maker.place("sell", "1", at: price)))
    }
    let placed = try id(taker.place("buy", "2", at: "101"))
    let amended = try id(taker.place("buy", "2", at: "102"))
    let patch = taker.call("PATCH", "/api/orders/\(amended)", ["price": "103"])
    #expect(patch.status == 200, "\(patch)")
    let stop: [String: Any] = [
      "symbol": "BTC-USD", "side": "buy", "type": "stop_limit", "stopPrice": "104",
      "price": "105", "quantity": "2",
    ]
    let triggered = try id(taker.call("POST", "/api/orders", stop))
    asks.append(try id(maker.place("sell", "1", at: "104")))
    asks.append(try id(maker.place("sell", "1", at: "105")))
    let last = try id(taker.place("buy", "3", at: "104"))
    let bid = try id(maker.place("sell", "1", at: "105"))

    expect(fills(taker, placed), ["100.00 taker", "101.00 taker"])
    expect(fills(taker, amended), ["102.00 taker", "103.00 taker"])
    expect(fills(taker, last), ["103.00 taker", "103.00 taker", "104.00 taker"])
    expect(fills(taker, triggered), ["105.00 taker", "105.00 maker"])
    expect(fills(maker, asks[1]), ["101.00 maker"])
    expect(fills(maker, bid), ["105.00 taker"])
    let later = "select count(*) from trades where sequence <> taker_order_id & 1099511627775"
    #expect(try exchange.count(later) == 2)
  }
}
