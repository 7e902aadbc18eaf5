import Foundation
import TestSupport
import Testing

@Suite("Signed requests", .serialized)
struct SignatureTests {
  private let order =
    #"{"symbol":"BTC-USD","side":"buy","type":"limit","price":"1000","quantity":"1"}"#

  @Test("are taken within five seconds, as they were signed, by whose secret it is")
  func window() throws {
    let exchange = try Exchange()
    let trader = try exchange.trader()
    let made = trader.call("POST", "/api/keys", ["permission": "trading"])
    let signed = try #require(SignedClient(made, of: exchange))
    for shift: Int64 in [-4000, 0, 4000] {
      // One that is nearly too old has a second to get there.
      let isTaken = eventually {
        signed.call("GET", "/api/account", shift: shift).status == 200
      }
      #expect(isTaken, "\(shift)")
    }
    for shift: Int64 in [-7000, 7000, -86_400_000] {
      let answer = signed.call("GET", "/api/account", shift: shift)
      #expect(answer.status == 401 && answer.errorCode == "unauthorized", "\(shift)")
    }
    // It has to hold until the end, which on a slow machine may take a while.
    let headers = signed.headers("POST", "/api/orders", order, shift: 4000)
    let other = order.replacing("1000", with: "1001")
    #expect(signed.send("POST", "/api/orders", other, headers: headers).status == 401)
    #expect(signed.send("POST", "/api/orders?x=1", order, headers: headers).status == 401)
    #expect(signed.send("POST", "/api/orders/batch", order, headers: headers).status == 401)
    #expect(signed.send("DELETE", "/api/orders", order, headers: headers).status == 401)
    var both = headers
    both["Authorization"] = "Bearer \(trader.token ?? "")"
    #expect(signed.send("POST", "/api/orders", order, headers: both).status == 401)

    // Another account's key under one's own secret.
    let stranger = try exchange.trader()
    let theirs = try #require(
      SignedClient(
        stranger.call("POST", "/api/keys", ["permission": "trading"]), of: exchange))
    var stolen = theirs.headers("POST", "/api/orders", order)
    stolen["X-API-Key"] = signed.key
    #expect(signed.send("POST", "/api/orders", order, headers: stolen).status == 401)
    #expect(trader.best("bids") == nil)
    #expect(signed.send("POST", "/api/orders", order, headers: headers).status == 201)
  }

  @Test("that are sent again, to any worker, are the same command and get its first answer")
  func replay() throws {
    let exchange = try Exchange()
    let trader = try exchange.trader()
    let made = trader.call("POST", "/api/keys", ["permission": "trading"])
    let signed = try #require(SignedClient(made, of: exchange))
    var headers = signed.headers("POST", "/api/orders", order, shift: 4000)
    let first = signed.send("POST", "/api/orders", order, headers: headers)
    #expect(first.status == 201 && first["duplicate"] == nil, "\(first)")
    for attempt in 0..<12 {
      if attempt == 6 { headers["X-Signature"] = headers["X-Signature"]?.uppercased() }
      let again = signed.send("POST", "/api/orders", order, headers: headers)
      #expect(again["orderId"] as? Int == first["orderId"] as? Int, "\(again)")
      #expect(again["duplicate"] as? Bool == true)
    }
    #expect(trader.best("bids") == ["1000.00", "1.00000"])

    let batch = "{\"orders\":[\(order),\(order)]}"
    headers = signed.headers("POST", "/api/orders/batch", batch, shift: 4000)
    for _ in 0..<3 {
      let answer = signed.send("POST", "/api/orders/batch", batch, headers: headers)
      #expect(answer.status == 200, "\(answer)")
    }
    #expect(trader.best("bids") == ["1000.00", "3.00000"])

    headers = signed.headers("DELETE", "/api/orders?symbol=BTC-USD", shift: 4000)
    let cancel = { signed.send("DELETE", "/api/orders?symbol=BTC-USD", headers: headers) }
    #expect(cancel()["cancelled"] as? Int == 3)
    #expect(trader.place("buy", "2", at: "1000").status == 201)
    #expect(cancel()["cancelled"] as? Int == 3)
    #expect(trader.best("bids") == ["1000.00", "2.00000"])

    // Under another name it would be another command: nobody but the client can give it one.
    headers["Idempotency-Key"] = "mine"
    #expect(cancel().status == 401)
    #expect(trader.best("bids") == ["1000.00", "2.00000"])

    // A later one is another command.
    #expect(eventually { signed.call("POST", "/api/orders", order)["duplicate"] == nil })
    #expect(trader.best("bids") == ["1000.00", "3.00000"])
  }
}
