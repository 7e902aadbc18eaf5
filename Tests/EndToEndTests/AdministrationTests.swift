import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("The operator's calls", .serialized)
struct AdministrationTests {
  private static let symbol =
    #"{"symbol":"SOL-USD","base":"SOL","quote":"USD","tickSize":"0.05","lotSize":"0.1"}"#

  @Test("are nobody's without the admin key")
  func credentials() throws {
    let exchange = try Exchange()
    let administrator = try Administrator(of: exchange)
    let trader = try exchange.trader()
    let calls = [
      ("POST", "/api/admin/symbols", Self.symbol),
      ("PATCH", "/api/admin/symbols/BTC-USD", #"{"maxOpenOrders":1}"#),
      ("POST", "/api/admin/symbols/BTC-USD/halt", ""),
      ("POST", "/api/admin/symbols/BTC-USD/resume", ""),
      ("POST", "/api/admin/symbols/BTC-USD/cancel-only", ""),
      ("POST", "/api/admin/symbols/BTC-USD/cancel-all", ""),
      ("POST", "/api/admin/symbols/NO-SUCH/halt", ""),
    ]
    for (method, path, body) in calls {
      let half = String(administrator.key.dropLast())
      for key in ["", "x", half, administrator.key + "0", administrator.key.uppercased()] {
        let answer = administrator.call(method, path, body, key: key)
        #expect(answer.status == 401, "\(method) \(path) \(answer)")
      }
      #expect(trader.send(method, path, Array(body.utf8)).status == 401, "\(method) \(path)")
    }
    let all = trader.call("GET", "/api/symbols").raw.body
    #expect(!all.contains("SOL-USD") && !all.contains("halted"))
  }

  @Test("add a symbol that trades at once, and change what it takes")
  func symbols() throws {
    let exchange = try Exchange()
    let administrator = try Administrator(of: exchange)
    let trader = try exchange.trader()
    let added = administrator.call("POST", "/api/admin/symbols", Self.symbol)
    #expect(added.status == 201, "\(added)")
    // The answer has waited for that, but not longer than a client may.
    let isTrading = eventually {
      trader.call("GET", "/api/symbols/SOL-USD")["state"] as? String == "trading"
    }
    #expect(isTrading && added["state"] != nil, "\(added)")
    #expect(added["tickSize"] as? String == "0.05")
    func place(_ quantity: String, at price: String) -> Client.Answer {
      trader.place("buy", quantity, at: price, symbol: "SOL-USD")
    }
    #expect(place("3", at: "150.25").status == 201)
    #expect(place("3", at: "150.26").errorCode == "tick_size")
    let again = administrator.call("POST", "/api/admin/symbols", Self.symbol)
    #expect(again.status == 409 && again.errorCode == "symbol_taken")

    let path = "/api/admin/symbols/SOL-USD"
    let changed = administrator.call(
      "PATCH", path, #"{"maxQuantity":"5","minNotional":10,"maxOpenOrders":2}"#)
    #expect(changed.status == 200 && changed["maxQuantity"] as? String == "5.0", "\(changed)")
    let shown = trader.call("GET", "/api/symbols/SOL-USD")
    #expect(shown["minNotional"] as? String == "10.000", "\(shown)")
    #expect(place("5.1", at: "150").errorCode == "quantity_range")
    #expect(place("1", at: "1").errorCode == "notional_range")
    #expect(place("1", at: "150").status == 201)
    #expect(place("1", at: "150").errorCode == "order_limit")
    let loosened = administrator.call("PATCH", path, #"{"minNotional":null,"maxOpenOrders":null}"#)
    #expect(loosened["minNotional"] is NSNull && loosened["maxQuantity"] as? String == "5.0")
    #expect(place("1", at: "1").status == 201)

    for (body, status, code) in [
      (#"{"maxQuantity":null}"#, 400, "invalid_value"), ("{}", 400, "missing_field"),
      (#"{"minQuantity":"9"}"#, 400, "invalid_value"), (#"{"tickSize":"1"}"#, 400, "unknown_field"),
      (#"{"maxQuantity":"0.01"}"#, 422, "lot_size"), (#"{"maxOpenOrders":1.5}"#, 400, nil),
      (#"{"maxPrice":"1e30"}"#, 400, "invalid_value"), ("[]", 400, "wrong_type"),
    ] as [(String, Int, String?)] {
      let answer = administrator.call("PATCH", path, body)
      #expect(answer.status == status, "\(body): \(answer)")
      if let code { #expect(answer.errorCode == code, "\(body): \(answer)") }
    }
    #expect(administrator.call("PATCH", "/api/admin/symbols/X", "{}").status == 404)
  }

  @Test("set limits one by one: of two at the same moment neither undoes the other")
  func limitsTogether() throws {
    let exchange = try Exchange()
    let administrator = try Administrator(of: exchange)
    let path = "/api/admin/symbols/BTC-USD"
    for round in 1...20 {
      let bodies = [
        #"{"maxQuantity":"\#(100 + round)"}"#, #"{"minNotional":\#(round)}"#,
        #"{"maxOpenOrders":\#(1000 + round)}"#,
      ]
      let statuses = Mutex<[Int]>([])
      DispatchQueue.concurrentPerform(iterations: bodies.count) { number in
        let answer = administrator.call("PATCH", path, bodies[number])
        statuses.withLock { $0.append(answer.status) }
      }
      #expect(statuses.withLock { $0 } == [200, 200, 200])
      // Whoever was answered last has waited for the tables to hold the others' too.
      let shown = exchange.anyone().call("GET", "/api/symbols/BTC-USD")
      #expect(shown["maxQuantity"] as? String == "\(100 + round).00000", "\(shown)")
      #expect(shown["minNotional"] as? String == "\(round).0000000", "\(shown)")
      #expect(shown["maxOpenOrders"] as? Int == 1000 + round, "\(shown)")
    }
    #expect(exchange.outcry("verify", "BTC-USD").status == 0)
  }

  @Test("halt, restrict and clear a market, and a killed engine comes back as it was")
  func market() throws {
    let exchange = try Exchange()
    let administrator = try Administrator(of: exchange)
    let trader = try exchange.trader()
    let path = "/api/admin/symbols/BTC-USD/"
    let state = { trader.call("GET", "/api/symbols/BTC-USD")["state"] as? String }
    let first = try #require(trader.place("buy", "1", at: "100")["orderId"] as? Int)
    #expect(trader.place("buy", "1", at: "101").status == 201)
    #expect(trader.place("buy", "1", at: "102").status == 201)

    #expect(administrator.call("POST", path + "halt")["state"] as? String == "halted")
    #expect(state() == "halted")
    #expect(trader.place("buy", "1", at: "100").errorCode == "halted")
    #expect(trader.call("DELETE", "/api/orders/\(first)").status == 200)
    #expect(trader.place("buy", "1", at: "100", symbol: "ETH-USD").status == 201)

    let pid = try #require(try exchange.living(.engine, symbol: 1).first)
    Glibc.kill(pid, SIGKILL)
    #expect(eventually { trader.place("buy", "1", at: "100").errorCode == "halted" })
    #expect(state() == "halted")

    #expect(administrator.call("POST", path + "cancel-only")["state"] as? String == "cancel_only")
    #expect(trader.place("buy", "1", at: "100").errorCode == "cancel_only")
    #expect(administrator.call("POST", path + "resume", "{}")["state"] as? String == "trading")
    #expect(trader.place("buy", "1", at: "103").status == 201)
    #expect(administrator.call("POST", path + "cancel-all")["cancelled"] as? Int == 3)
    #expect(trader.best("bids") == nil)
    #expect(trader.best("bids", of: "ETH-USD") == ["100.00", "1.00000"])
    #expect(administrator.call("POST", path + "cancel-all")["cancelled"] as? Int == 0)
    #expect(administrator.call("POST", path + "stop").status == 404)
    #expect(administrator.call("POST", path + "halt", #"{"why":"x"}"#).status == 400)
    let verified = exchange.outcry("verify", "BTC-USD")
    #expect(verified.status == 0, "\(verified.output)")
  }
}
