import Foundation
import TestSupport
import Testing

/// What no single shard can answer.
@Suite("All shards together", .serialized)
struct GatheringTests {
  private static let placement = "BTC-USD=0 AAPL=0 ETH-USD=1 GOOG=1 M-Z=2"
  private static let symbols = ["BTC-USD", "ETH-USD", "MSFT", "AAPL", "GOOG"]

  private func exchange() throws -> Exchange {
    try Exchange(shards: 3, environment: ["OUTCRY_PLACEMENT": GatheringTests.placement])
  }

  private func order(
    _ symbol: String, _ side: String = "buy", price: String = "10.00", key: String? = nil
  ) -> [String: Any] {
    var order = [
      "symbol": symbol, "side": side, "type": "limit", "price": price, "quantity": "1",
    ]
    order["clientOrderId"] = key
    return order
  }

  /// Follows `next` to the end.
  private func pages(_ client: Client, _ path: String, _ name: String, limit: Int)
    -> [[String: Any]]
  {
    var found: [[String: Any]] = []
    var next: Int?
    repeat {
      let before = next.map { "&before=\($0)" } ?? ""
      let answer = client.call("GET", "\(path)limit=\(limit)\(before)")
      #expect(answer.status == 200, "\(answer)")
      let rows = answer[name] as? [[String: Any]] ?? []
      #expect(rows.count <= limit)
      found += rows
      next = answer["next"] as? Int
    } while next != nil
    return found
  }

  @Test("pages of orders and fills, positions and tickers hold every shard's symbols")
  func lists() throws {
    let exchange = try exchange()
    let (maker, taker) = (try exchange.trader(), try exchange.trader())
    var ids: [Int] = []
    for number in 0..<30 {
      let symbol = GatheringTests.symbols[number % 5]
      let placed = maker.call("POST", "/api/orders", order(symbol, key: "m\(number)"))
      #expect(placed.status == 201, "\(placed)")
      ids.insert(placed["orderId"] as? Int ?? 0, at: 0)
      // Whatever was answered is on the next page asked for, whoever is asked.
      let newest = maker.call("GET", "/api/orders?limit=1")["orders"] as? [[String: Any]]
      #expect(newest?.first?["orderId"] as? Int == ids[0])
    }
    for limit in [1, 7, 30, 100] {
      let orders = pages(maker, "/api/orders?", "orders", limit: limit)
      #expect(orders.map { $0["orderId"] as? Int } == ids, "limit \(limit)")
    }
    #expect(maker.call("GET", "/api/account")["openOrders"] as? Int == 30)
    for number in 0..<10 {
      let sold = taker.call(
        "POST", "/api/orders", order(GatheringTests.symbols[number % 5], "sell"))
      #expect(sold["status"] as? String == "filled", "\(sold)")
    }
    let open = pages(maker, "/api/orders?status=open&", "orders", limit: 3)
    #expect(open.count == 20)
    let fills = pages(maker, "/api/fills?", "fills", limit: 3)
    #expect(fills.count == 10)
    let times = fills.map { $0["time"] as? Int ?? 0 }
    #expect(times == times.sorted(by: >))
    #expect(
      fills.map { $0["symbol"] as? String }
        == (0..<10).reversed().map { GatheringTests.symbols[$0 % 5] })
    let account = taker.call("GET", "/api/account")
    #expect(account["openOrders"] as? Int == 0)
    let positions = account["positions"] as? [[String: Any]] ?? []
    #expect(
      positions.map { $0["symbol"] as? String } == ["BTC-USD", "ETH-USD", "AAPL", "GOOG", "MSFT"])
    let tickers = maker.call("GET", "/api/ticker")["tickers"] as? [[String: Any]] ?? []
    #expect(tickers.count == 5 && tickers.allSatisfy { $0["last"] as? String == "10.00" })
    #expect(maker.call("GET", "/api/orders?before=1").status == 400)
  }

  @Test("no header makes a worker answer for its own shard alone")
  func unforgeable() throws {
    let exchange = try exchange()
    let trader = try exchange.trader()
    for symbol in GatheringTests.symbols {
      #expect(trader.call("POST", "/api/orders", order(symbol)).status == 201)
    }
    for name in ["OUTCRY_PART", "Outcry-Part", "OUTCRY-PART", "X-Outcry-Part"] {
      for _ in 0..<3 {
        let answer = trader.call("GET", "/api/orders", headers: [name: "1"])
        #expect((answer["orders"] as? [Any])?.count == 5, "\(name): \(answer)")
      }
    }
  }

  @Test("a batch goes to every shard it names, and its answers come back in their order")
  func batches() throws {
    let exchange = try exchange()
    let trader = try exchange.trader()
    var orders = (0..<20).map { order(GatheringTests.symbols[$0 % 5]) }
    orders[3]["price"] = "10.005"
    orders[11]["symbol"] = "NOPE"
    func send() throws -> [[String: Any]] {
      let answer = trader.call(
        "POST", "/api/orders/batch", ["orders": orders], headers: ["Idempotency-Key": "b1"])
      #expect(answer.status == 200, "\(answer)")
      return try #require(answer["results"] as? [[String: Any]])
    }
    let first = try send()
    #expect(first.count == 20)
    for (number, result) in first.enumerated() {
      let error = (result["error"] as? [String: Any])?["code"] as? String
      switch number {
      case 3: #expect(error == "tick_size")
      case 11: #expect(error == "unknown_symbol")
      default: #expect(result["symbol"] as? String == orders[number]["symbol"] as? String)
      }
    }
    for _ in 0..<4 {
      let again = try send()
      #expect(
        again.map { $0["orderId"] as? Int } == first.map { $0["orderId"] as? Int })
      #expect(again.filter { $0["duplicate"] as? Bool == true }.count == 18)
    }
    let key = ["Idempotency-Key": "c1"]
    let cancelled = trader.call("DELETE", "/api/orders", headers: key)
    #expect(cancelled["cancelled"] as? Int == 18, "\(cancelled)")
    for symbol in GatheringTests.symbols {
      #expect(trader.call("POST", "/api/orders", order(symbol)).status == 201)
    }
    for _ in 0..<4 {
      let again = trader.call("DELETE", "/api/orders", headers: key)
      #expect(again["cancelled"] as? Int == 18 && again["duplicate"] as? Bool == true, "\(again)")
    }
    #expect(trader.call("GET", "/api/account")["openOrders"] as? Int == 5)
    #expect(trader.call("DELETE", "/api/orders")["cancelled"] as? Int == 5)
    #expect(exchange.outcry("verify").status == 0)
  }

  @Test("a list that lacks a shard is refused by its name; what another shard has goes on")
  func oneAway() throws {
    let exchange = try exchange()
    let trader = try exchange.trader()
    for symbol in GatheringTests.symbols {
      #expect(trader.call("POST", "/api/orders", order(symbol)).status == 201)
    }
    let data = exchange.state + "/postgres-1"
    try FileManager.default.moveItem(atPath: data, toPath: data + ".away")
    let postgres = try exchange.signal("postgres-1", SIGINT)
    #expect(eventually { exchange.pid(of: "postgres-1") != postgres })
    for path in ["/api/orders", "/api/fills", "/api/account", "/api/ticker"] {
      for _ in 0..<3 {
        let answer = trader.call("GET", path)
        #expect(answer.status == 503, "\(path): \(answer)")
        #expect(answer.raw.header("Retry-After") != nil)
      }
    }
    let named = (0..<6).contains { _ in
      trader.call("GET", "/api/orders").raw.body.contains("shard 1")
    }
    #expect(named)
    #expect(trader.call("GET", "/api/orders?symbol=MSFT").status == 200)
    try FileManager.default.moveItem(atPath: data + ".away", toPath: data)
    #expect(
      eventually {
        (trader.call("GET", "/api/orders")["orders"] as? [Any])?.count == 5
      })
  }
}
