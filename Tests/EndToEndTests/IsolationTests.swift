import Foundation
import TestSupport
import Testing

@Suite("Accounts kept apart", .serialized)
struct IsolationTests {
  /// All of an answer that a client sees, but for the time of day.
  private func seen(_ answer: Client.Answer) -> String {
    let head = answer.raw.head.split(separator: "\r\n").filter { !$0.hasPrefix("Date:") }
    return head.joined(separator: "\n") + "\n" + answer.raw.body
  }

  @Test("nobody can tell another account's order from one that does not exist")
  func orders() throws {
    let exchange = try Exchange()
    let owner = try exchange.trader()
    let stranger = try exchange.trader()
    let open = try #require(
      owner.place("buy", "1", at: "70000", key: "mine")["orderId"] as? Int)
    let closed = try #require(owner.place("buy", "1", at: "60000")["orderId"] as? Int)
    #expect(owner.call("DELETE", "/api/orders/\(closed)").status == 200)
    let missing = closed + 1000
    let administrator = try Administrator(of: exchange)

    func compare() {
      let bodies = [
        #"{"price":"70001"}"#, #"{"quantity":"0.5"}"#, #"{"price":"0.001"}"#, "{", "{}",
      ]
      var calls: [Request] = [("GET", "", nil), ("DELETE", "", nil), ("GET", "?x=1", nil)]
      calls += bodies.map { ("PATCH", "", Array($0.utf8)) }
      for (method, query, body) in calls {
        let expected = stranger.send(method, "/api/orders/\(missing)\(query)", body)
        #expect((400...422).contains(expected.status), "\(expected)")
        for id in [open, closed] {
          let found = stranger.send(method, "/api/orders/\(id)\(query)", body)
          #expect(seen(found) == seen(expected), "\(method) \(String(describing: body))")
        }
      }
      for id in [open, closed] {
        let expected = stranger.call("GET", "/api/orders?before=\(missing)")
        #expect(expected.status == 400)
        #expect(seen(stranger.call("GET", "/api/orders?before=\(id)")) == seen(expected))
      }
    }
    compare()
    #expect(administrator.call("POST", "/api/admin/symbols/BTC-USD/halt").status == 200)
    compare()
    #expect(administrator.call("POST", "/api/admin/symbols/BTC-USD/resume").status == 200)

    #expect(stranger.call("GET", "/api/orders")["orders"] as? [Int] == [])
    #expect(stranger.call("GET", "/api/orders?clientOrderId=mine")["orders"] as? [Int] == [])
    #expect(stranger.call("DELETE", "/api/orders")["cancelled"] as? Int == 0)
    #expect(stranger.call("DELETE", "/api/orders?symbol=BTC-USD")["cancelled"] as? Int == 0)
    // The name is the other's own.
    let same = stranger.place("buy", "1", at: "70000", key: "mine")
    #expect(same.status == 201 && same["duplicate"] == nil, "\(same)")
    let left = owner.call("GET", "/api/orders/\(open)")
    #expect(left["status"] as? String == "open" && left["price"] as? String == "70000.00")
  }

  private typealias Request = (String, String, [UInt8]?)

  @Test("nobody can end another account's key, or tell it from one that does not exist")
  func keys() throws {
    let exchange = try Exchange()
    let owner = try exchange.trader()
    let stranger = try exchange.trader()
    let made = owner.call("POST", "/api/keys", ["permission": "trading"])
    #expect(made.status == 201, "\(made)")
    let signed = try #require(SignedClient(made, of: exchange))
    let expected = stranger.call("DELETE", "/api/keys/\(String(repeating: "0", count: 32))")
    #expect(expected.status == 404 && expected.errorCode == "unknown_key")
    #expect(seen(stranger.call("DELETE", "/api/keys/\(signed.key)")) == seen(expected))
    #expect(!stranger.call("GET", "/api/keys").raw.body.contains(signed.key))
    #expect(signed.call("GET", "/api/account").status == 200)

    #expect(owner.call("DELETE", "/api/keys/\(signed.key)").status == 204)
    #expect(seen(owner.call("DELETE", "/api/keys/\(signed.key)")) == seen(expected))
    // The worker that ended it knows at once, the others when the database has told them.
    let isEnded = { signed.call("GET", "/api/keys").status == 401 }
    #expect(eventually { (0..<8).allSatisfy { _ in isEnded() } })
  }

  @Test("a read-only key reads and does nothing else; keys are a token's business")
  func permissions() throws {
    let exchange = try Exchange()
    let trader = try exchange.trader()
    let id = try #require(trader.place("buy", "1", at: "70000")["orderId"] as? Int)
    let order = #"{"symbol":"BTC-USD","side":"buy","type":"limit","price":"1","quantity":"1"}"#
    for permission in ["read_only", "trading"] {
      let made = trader.call("POST", "/api/keys", ["permission": permission])
      let signed = try #require(SignedClient(made, of: exchange))
      for path in ["/api/account", "/api/orders", "/api/fills", "/api/keys"] {
        #expect(signed.call("GET", path).status == 200, "\(path)")
      }
      #expect(signed.call("GET", "/api/account")["permission"] as? String == permission)
      let changes = [
        ("POST", "/api/orders", order), ("POST", "/api/orders/batch", "{\"orders\":[\(order)]}"),
        ("PATCH", "/api/orders/\(id)", #"{"quantity":"0.5"}"#),
        ("DELETE", "/api/orders/\(id)", ""), ("DELETE", "/api/orders", ""),
      ]
      for (method, path, body) in changes {
        let answer = signed.call(method, path, body)
        let mayTrade = permission == "trading"
        #expect((answer.status < 300) == mayTrade, "\(permission): \(method) \(path): \(answer)")
        if !mayTrade { #expect(answer.status == 403 && answer.errorCode == "forbidden") }
      }
      let another = signed.call("POST", "/api/keys", #"{"permission":"trading"}"#)
      #expect(another.status == 403 && another.errorCode == "token_needed")
      #expect(signed.call("DELETE", "/api/keys/\(signed.key)").status == 403)
    }
    #expect(trader.call("POST", "/api/keys", ["permission": "root"]).status == 400)
    for _ in 0..<97 {
      #expect(trader.call("POST", "/api/keys", ["permission": "read_only"]).status == 201)
    }
    #expect(trader.call("POST", "/api/keys", ["permission": "read_only"]).errorCode == "key_limit")
  }
}
