import Foundation
import TestSupport
import Testing

@Suite("A repeated call", .serialized)
struct RepetitionTests {
  private struct Call {
    var client: Client
    var method: String
    var path: String
    var body: [String: Any]?
    var key: String

    func send() -> Client.Answer {
      client.call(method, path, body, headers: ["Idempotency-Key": key])
    }
  }

  /// An answer without the word that says it is not the first.
  private func first(_ answer: Client.Answer) -> NSDictionary {
    var json = answer.json
    json["duplicate"] = nil
    if let results = json["results"] as? [[String: Any]] {
      json["results"] = results.map { result in result.filter { $0.key != "duplicate" } }
    }
    return json as NSDictionary
  }

  private func isMarked(_ answer: Client.Answer) -> Bool {
    let results = answer["results"] as? [[String: Any]] ?? [answer.json]
    return results.allSatisfy { $0["duplicate"] as? Bool == true }
  }

  @Test("gets its first answer, whatever has happened to the order since")
  func firstAnswers() throws {
    let exchange = try Exchange()
    let seed = UInt64.random(in: 0...UInt64.max)
    var market = RandomCalls(seed: seed, clients: [try exchange.trader(), try exchange.trader()])
    var done: [(call: Call, answer: Client.Answer)] = []
    for number in 0..<600 {
      let (client, method, path, body) = market.next()
      let call = Call(client: client, method: method, path: path, body: body, key: "k\(number)")
      let answer = call.send()
      #expect(answer.status < 500, "seed \(seed): \(answer)")
      guard answer.status < 300 else { continue }
      #expect(!isMarked(answer))
      market.note(answer, by: client)
      done.append((call, answer))
    }
    let methods = Dictionary(grouping: done, by: { "\($0.call.method) \($0.call.path.count < 15)" })
    #expect(methods.count >= 4, "not every kind of call was done: \(methods.mapValues(\.count))")
    for (call, answer) in done.shuffled() {
      let again = call.send()
      #expect(again.status == answer.status && isMarked(again), "seed \(seed): \(again)")
      #expect(
        first(again) == first(answer),
        "seed \(seed): \(call.method) \(call.path): first \(answer), again \(again)")
    }
    #expect(exchange.outcry("verify").status == 0)
  }

  @Test("with other content is refused, and so is a bad key")
  func otherContent() throws {
    let exchange = try Exchange()
    let trader = try exchange.trader()
    func call(_ method: String, _ path: String, _ body: [String: Any]?, key: String)
      -> Client.Answer
    {
      trader.call(method, path, body, headers: ["Idempotency-Key": key])
    }
    let order: [String: Any] = [
      "symbol": "BTC-USD", "side": "buy", "type": "limit", "price": "10", "quantity": "1",
    ]
    let placed = call("POST", "/api/orders", order, key: "one")
    let id = try #require(placed["orderId"] as? Int)
    #expect(placed["clientOrderId"] == nil)
    for (method, path, body) in [
      ("POST", "/api/orders", order.merging(["price": "11"]) { $1 }),
      ("PATCH", "/api/orders/\(id)", ["price": "12"]),
      ("DELETE", "/api/orders/\(id)", nil),
      ("DELETE", "/api/orders?symbol=BTC-USD", nil), ("DELETE", "/api/orders", nil),
    ] as [(String, String, [String: Any]?)] {
      let other = call(method, path, body, key: "one")
      #expect(other.status == 409, "\(method) \(path): \(other)")
      #expect(other.errorCode == "idempotency_key_reused", "\(other)")
    }
    #expect(trader.best("bids") == ["10.00", "1.00000"])

    // The order's own name wins over the header's.
    let named = order.merging(["clientOrderId": "mine"]) { $1 }
    let mine = call("POST", "/api/orders", named, key: "one")
    #expect(mine.status == 201 && mine["clientOrderId"] as? String == "mine", "\(mine)")
    let again = call("POST", "/api/orders", named, key: "two")
    #expect(again["orderId"] as? Int == mine["orderId"] as? Int && again["duplicate"] != nil)
    let changed = named.merging(["price": "11"]) { $1 }
    let reused = call("POST", "/api/orders", changed, key: "three")
    #expect(reused.errorCode == "client_order_id_reused", "\(reused)")

    for key in ["a b", "~a", "é", String(repeating: "k", count: 37)] {
      for (method, path) in [("DELETE", "/api/orders/\(id)"), ("POST", "/api/orders/batch")] {
        let bad = call(method, path, method == "POST" ? ["orders": [order]] : nil, key: key)
        #expect(bad.status == 400 && bad.raw.body.contains(#""field":"Idempotency-Key""#), "\(bad)")
      }
    }
    let longest = "k-36.:/_" + String(repeating: "x", count: 28)
    #expect(call("DELETE", "/api/orders/\(id)", nil, key: longest).status == 200)
  }

  @Test("to cancel everything cancels nothing that was placed since")
  func cancelEverything() throws {
    let exchange = try Exchange()
    let trader = try exchange.trader()
    func cancelAll(_ path: String = "/api/orders") -> Client.Answer {
      trader.call("DELETE", path, nil, headers: ["Idempotency-Key": "all"])
    }
    for price in ["10", "11"] { #expect(trader.place("buy", "1", at: price).status == 201) }
    #expect(trader.place("buy", "1", at: "12", symbol: "AAPL").status == 201)
    let first = cancelAll()
    #expect(first["cancelled"] as? Int == 3 && first["duplicate"] == nil, "\(first)")
    for symbol in ["BTC-USD", "ETH-USD"] {
      #expect(trader.place("buy", "1", at: "13", symbol: symbol).status == 201)
    }
    let again = cancelAll()
    #expect(again["cancelled"] as? Int == 3 && again["duplicate"] as? Bool == true, "\(again)")
    #expect(trader.best("bids") == ["13.00", "1.00000"])
    #expect(trader.best("bids", of: "ETH-USD") == ["13.00", "1.00000"])
    #expect(cancelAll("/api/orders?symbol=BTC-USD").errorCode == "idempotency_key_reused")

    let idle = try exchange.trader()
    for isAgain in [false, true] {
      let nothing = idle.call("DELETE", "/api/orders", nil, headers: ["Idempotency-Key": "none"])
      #expect(nothing["cancelled"] as? Int == 0, "\(nothing)")
      #expect((nothing["duplicate"] != nil) == isAgain)
    }
  }
}

/// Calls as they come from people: orders of all kinds around one price, changes of them, cancels.
private struct RandomCalls {
  private var random: SplitMix
  private let clients: [Client]
  private var orders: [(client: Int, id: Int)] = []

  init(seed: UInt64, clients: [Client]) {
    random = SplitMix(seed: seed)
    self.clients = clients
  }

  mutating func note(_ answer: Client.Answer, by client: Client) {
    let number = clients.firstIndex { $0.token == client.token } ?? 0
    let placed = answer["results"] as? [[String: Any]] ?? [answer.json]
    for id in placed.compactMap({ $0["orderId"] as? Int })
    where !orders.contains(where: { $0.id == id }) {
      orders.append((number, id))
    }
  }

  mutating func next() -> (Client, String, String, [String: Any]?) {
    let dice = Int.random(in: 0..<100, using: &random)
    // Mostly one of the last orders: those may still be open.
    if dice < 45, let (owner, id) = orders.suffix(25).randomElement(using: &random) {
      if dice < 12 { return (clients[owner], "DELETE", "/api/orders/\(id)", nil) }
      return (clients[owner], "PATCH", "/api/orders/\(id)", amendment())
    }
    let client = clients.randomElement(using: &random)!
    if dice < 47 { return (client, "DELETE", "/api/orders?symbol=BTC-USD", nil) }
    if dice < 48 { return (client, "DELETE", "/api/orders", nil) }
    if dice < 52 {
      let batch = (0..<3).map { _ in limit("buy", 60 + Int.random(in: 0...9, using: &random)) }
      return (client, "POST", "/api/orders/batch", ["orders": batch])
    }
    return (client, "POST", "/api/orders", order())
  }

  private mutating func price() -> Int { Int.random(in: 95...105, using: &random) }

  private mutating func limit(_ side: String, _ price: Int) -> [String: Any] {
    [
      "symbol": "BTC-USD", "side": side, "type": "limit", "price": "\(price)",
      "quantity": "\(Int.random(in: 1...9, using: &random))", "selfTradePrevention": "none",
    ]
  }

  private mutating func order() -> [String: Any] {
    var order = limit(["buy", "sell"].randomElement(using: &random)!, price())
    switch Int.random(in: 0..<8, using: &random) {
    case 0:
      order["type"] = "market"
      order["price"] = nil
    case 1: order["timeInForce"] = "IOC"
    case 2: order["displayQuantity"] = "1"
    case 3:
      order["type"] = "stop"
      order["stopPrice"] = order.removeValue(forKey: "price")
    case 4:
      order["type"] = "stop_limit"
      order["stopPrice"] = "\(price())"
    default: break
    }
    return order
  }

  private mutating func amendment() -> [String: Any] {
    var change: [String: Any] = [:]
    let dice = Int.random(in: 0..<4, using: &random)
    if dice != 0 { change["quantity"] = "\(Int.random(in: 1...12, using: &random))" }
    if dice != 1 { change["price"] = "\(price())" }
    return change
  }
}
