import API
import Testing
import Wire

@Suite("What an operator asks")
struct AdminRequestTests {
  private let valid =
    #""symbol":"SOL-USD","base":"SOL","quote":"USD","tickSize":"0.05","lotSize":0.1"#

  private func parse(_ body: String) -> Result<Symbol, APIError> {
    Result { () throws(APIError) in
      try Fixtures.bytes(body) { body throws(APIError) in try NewSymbol.parse(body) }
    }
  }

  private func code(_ body: String) -> String? {
    if case .failure(let error) = parse(body) { error.code } else { nil }
  }

  @Test("a symbol is read with its steps and limits, in ticks and lots")
  func symbol() throws {
    let body = #"{\#(valid),"minQuantity":"0.5","maxPrice":1000,"maxOpenOrders":7}"#
    let symbol = try parse(body).get()
    #expect(symbol.name == "SOL-USD" && symbol.base == "SOL" && symbol.quote == "USD")
    #expect(symbol.tick == Scale(digits: 2, units: 5) && symbol.lot == Scale(digits: 1, units: 1))
    #expect(symbol.rules.min_quantity == 5 && symbol.rules.max_price == 20_000)
    #expect(symbol.rules.max_open_orders == 7 && symbol.rules.max_quantity == 900_000_000)
  }

  @Test("what is no symbol is refused by the field that is at fault")
  func refusals() {
    for (body, expected) in [
      ("{}", "missing_field"), (#"{"symbol":1}"#, "wrong_type"), ("[]", "wrong_type"),
      ("{\(valid),\"state\":1}", "unknown_field"), ("{\(valid),\"maxPrice\":{}}", "wrong_type"),
      ("{\(valid),\"maxPrice\":-1}", "invalid_value"),
      ("{\(valid),\"maxPrice\":\"x\"}", "invalid_value"),
      ("{\(valid),\"maxPrice\":\"0.01\"}", "tick_size"),
      ("{\(valid),\"maxOpenOrders\":\"1\"}", "wrong_type"),
      ("{\(valid),\"maxOpenOrders\":-1}", "invalid_value"),
      ("{\(valid)}".replacing("0.05", with: "0"), "invalid_value"),
      ("{\(valid)}".replacing("0.05", with: "1e-3"), "invalid_value"),
      ("{\(valid)}".replacing("0.05", with: "0.000000000000000005"), "invalid_value"),
      ("{\(valid)}".replacing("SOL-USD", with: "sol usd"), "invalid_value"),
    ] { #expect(code(body) == expected, "\(body)") }
  }
}
