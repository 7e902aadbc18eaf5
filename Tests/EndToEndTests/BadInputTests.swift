import Foundation
import TestSupport
import Testing

@Suite("Bad input through the whole stack", .serialized)
struct BadInputTests {
  private struct Case {
    var body: String
    var status: Int
    var code: String?

    init(_ body: String, _ status: Int, _ code: String? = nil) {
      self.body = body
      self.status = status
      self.code = code
    }
  }

  private static func order(_ field: String, _ value: String) -> String {
    var fields = [
      "symbol": "\"BTC-USD\"", "side": "\"buy\"", "type": "\"limit\"", "price": "\"70000\"",
      "quantity": "\"1\"",
    ]
    fields[field] = value
    return "{" + fields.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
  }

  private static let cases = [
    Case("", 400), Case("{", 400), Case("[]", 400), Case("null", 400), Case("{}", 400),
    Case(order("colour", "1"), 400), Case(order("side", "7"), 400),
    Case(order("side", "\"up\""), 400), Case(order("price", "1e400"), 400),
    Case(order("price", "true"), 400), Case(order("quantity", "null"), 400),
    Case(order("price", "\"-0\""), 400), Case(order("price", "0"), 400),
    Case(order("price", "\"0.000001\""), 422, "tick_size"),
    Case(order("price", "\"70000.005\""), 422, "tick_size"),
    Case(order("quantity", "\"0.000001\""), 422, "lot_size"),
    Case(order("price", "\"" + String(repeating: "9", count: 40) + "\""), 400),
    Case(order("symbol", "\"NO-SUCH\""), 404),
    Case(order("clientOrderId", "\"a b\""), 400),
    Case(order("clientOrderId", "\"" + String(repeating: "a", count: 37) + "\""), 400),
  ]

  @Test("is refused as the contract says, changes nothing and kills nobody")
  func refusals() throws {
    let exchange = try Exchange()
    let trader = try exchange.trader()
    let workers = try Set(exchange.living(.worker))
    for expected in Self.cases {
      let answer = trader.send("POST", "/api/orders", Array(expected.body.utf8))
      // Whether a number is malformed or against a rule is a matter of taste in some cases.
      let isRefused =
        answer.status == expected.status || (answer.status == 422 && expected.code == nil)
      #expect(isRefused, "\(expected.body): \(answer)")
      #expect(answer.errorCode != nil, "\(expected.body): \(answer)")
      if let code = expected.code { #expect(answer.errorCode == code, "\(expected.body)") }
    }
    let badText = Array(#"{"symbol":""#.utf8) + [0xff, 0xfe] + Array(#""}"#.utf8)
    #expect(trader.send("POST", "/api/orders", badText).status == 400)
    let large = [UInt8](repeating: UInt8(ascii: " "), count: 1 << 20)
    #expect(trader.send("POST", "/api/orders", large).status == 400)
    #expect(trader.send("POST", "/api/orders", large + large).errorCode == "body_too_large")
    #expect(exchange.anyone().place("buy", "1", at: "70000").status == 401)
    let stranger = Client(http: HTTPClient(port: exchange.port), token: "no-such-token")
    #expect(stranger.place("buy", "1", at: "70000").status == 401)
    #expect(trader.call("GET", "/api/orders/\(1 << 40 | 99)").status == 404)
    #expect(trader.call("GET", "/api/nothing").status == 404)
    let wrongMethod = trader.call("PUT", "/api/orders")
    #expect(wrongMethod.status == 405)
    #expect(wrongMethod.raw.header("Allow") != nil)

    #expect(try Set(exchange.living(.worker)) == workers)
    #expect(trader.best("bids") == nil)
    #expect(trader.place("buy", "1", at: "70000").status == 201)
  }
}
