import API
import Testing

@Suite("Paths and queries")
struct RouteTests {
  private func route(_ method: String, _ path: String) throws(APIError) -> Route {
    try Fixtures.bytes(method) { method throws(APIError) in
      try Fixtures.bytes(path) { path throws(APIError) in
        try Route.match(method: method, path: path)
      }
    }
  }

  @Test("every call of the contract has its route")
  func routes() throws {
    let expected: [(String, String, Route)] = [
      ("POST", "/api/register", .register), ("POST", "/api/login", .login),
      ("POST", "/api/logout", .logout), ("POST", "/api/keys", .createKey),
      ("GET", "/api/keys", .listKeys), ("GET", "/api/account", .account),
      (
        "DELETE", "/api/keys/00112233445566778899aabbccddeeff",
        .deleteKey("00112233445566778899aabbccddeeff")
      ),
      ("POST", "/api/orders", .placeOrder), ("POST", "/api/orders/batch", .placeBatch),
      ("GET", "/api/orders", .listOrders), ("DELETE", "/api/orders", .cancelAll),
      ("GET", "/api/orders/1099511627777", .order(1_099_511_627_777)),
      ("PATCH", "/api/orders/7", .amend(7)), ("DELETE", "/api/orders/7", .cancel(7)),
      ("GET", "/api/fills", .fills), ("GET", "/api/symbols", .symbols),
      ("GET", "/api/symbols/AAPL", .symbol("AAPL")), ("GET", "/api/book/BTC-USD", .book("BTC-USD")),
      ("GET", "/api/book/BTC%2dUSD", .book("BTC-USD")), ("HEAD", "/api/book/A", .book("A")),
      ("GET", "/api/trades/BTC-USD", .trades("BTC-USD")),
      ("GET", "/api/candles/BTC-USD", .candles("BTC-USD")), ("GET", "/api/ticker", .tickers),
      ("GET", "/api/ticker/BTC-USD", .ticker("BTC-USD")), ("GET", "/stream", .stream(.socket)),
      ("GET", "/events", .stream(.events)), ("GET", "/stream/account", .accountStream(.socket)),
      ("GET", "/events/account", .accountStream(.events)), ("GET", "/health", .health),
      ("GET", "/ready", .ready), ("GET", "/api/openapi.json", .openAPI),
      ("POST", "/api/admin/symbols", .addSymbol),
      ("PATCH", "/api/admin/symbols/BTC-USD", .changeLimits("BTC-USD")),
      ("POST", "/api/admin/symbols/A/halt", .control("A", .halt)),
      ("POST", "/api/admin/symbols/A/resume", .control("A", .resume)),
      ("POST", "/api/admin/symbols/A/cancel-only", .control("A", .cancelOnly)),
      ("POST", "/api/admin/symbols/A/cancel-all", .control("A", .cancelAll)),
    ]
    for (method, path, wanted) in expected { #expect(try route(method, path) == wanted) }
  }

  static let refused: [(String, String, Int, String, String?)] = [
    ("GET", "/", 404, "unknown_path", nil), ("GET", "", 404, "unknown_path", nil),
    ("GET", "/api/orders/", 404, "unknown_order", nil),
    ("GET", "/api/orders/abc", 404, "unknown_order", nil),
    ("GET", "/api/orders/007", 404, "unknown_order", nil),
    ("GET", "/api/orders/0", 404, "unknown_order", nil),
    ("GET", "/api/orders/-1", 404, "unknown_order", nil),
    ("GET", "/api/orders/1/fills", 404, "unknown_path", nil),
    ("GET", "/api/orders/9007199254740993", 404, "unknown_order", nil),
    ("GET", "/api/orders/99999999999999999999999999", 404, "unknown_order", nil),
    ("GET", "/api/book/", 404, "unknown_path", nil),
    ("GET", "/api/book/btc-usd", 404, "unknown_symbol", nil),
    ("GET", "/api/book/BTC/USD", 404, "unknown_path", nil),
    ("GET", "/api/book/%", 404, "unknown_path", nil),
    ("GET", "/api/book/%4", 404, "unknown_path", nil),
    ("GET", "/api/book/%00", 404, "unknown_path", nil),
    ("GET", "/api/book/%ff", 404, "unknown_path", nil),
    ("GET", "/api/book/..%2f..%2fetc", 404, "unknown_symbol", nil),
    ("GET", "/API/orders", 404, "unknown_path", nil),
    ("DELETE", "/api/keys/x'y", 404, "unknown_key", nil),
    ("POST", "/api/admin/symbols/A/stop", 404, "unknown_path", nil),
    ("POST", "/api/admin/symbols/A/halt/", 404, "unknown_path", nil),
    ("POST", "/api/admin/symbols//halt", 404, "unknown_path", nil),
    ("POST", "/api/admin/symbols/a/halt", 404, "unknown_symbol", nil),
    ("GET", "/api/admin/symbols", 405, "method_not_allowed", "POST"),
    ("PUT", "/api/orders", 405, "method_not_allowed", "GET, HEAD, POST, DELETE"),
    ("BREW", "/api/fills", 405, "method_not_allowed", "GET, HEAD"),
    ("BREW", "/nowhere", 404, "unknown_path", nil),
    ("PATCH", "/api/orders", 405, "method_not_allowed", "GET, HEAD, POST, DELETE"),
    ("POST", "/api/orders/5", 405, "method_not_allowed", "GET, HEAD, PATCH, DELETE"),
    ("GET", "/api/orders/batch", 405, "method_not_allowed", "POST"),
    ("GET", "/api/login", 405, "method_not_allowed", "POST"),
  ]

  @Test("anything else is 404, or 405 with what would be allowed")
  func refused() {
    for (method, path, status, code, allow) in RouteTests.refused {
      do throws(APIError) {
        let found = try route(method, path)
        Issue.record("\(method) \(path) is \(found)")
      } catch {
        #expect(error.status == status && error.code == code, "\(method) \(path): \(error)")
        #expect(error.allow == allow, "\(method) \(path)")
      }
    }
  }

  @Test("parameters are decoded and have defaults")
  func queries() throws {
    #expect(try Fixtures.bytes("", Queries.bookDepth) == 50)
    #expect(try Fixtures.bytes("depth=1000", Queries.bookDepth) == 1000)
    #expect(try Fixtures.bytes("&depth=%31&", Queries.bookDepth) == 1)
    let orders = try Fixtures.bytes(
      "symbol=BTC-USD&status=open&clientOrderId=a%2Fb%3a1&limit=7&before=1099511627777"
    ) { bytes throws(APIError) in try OrdersQuery(bytes) }
    #expect(orders.symbol == "BTC-USD" && orders.status == .open)
    #expect(orders.clientOrderId == "a/b:1")
    #expect(orders.page.limit == 7 && orders.page.before == 1_099_511_627_777)
    let fills = try Fixtures.bytes("") { bytes throws(APIError) in try FillsQuery(bytes) }
    #expect(fills.symbol == nil && fills.page.limit == 100 && fills.page.before == nil)
  }

  @Test(
    "parameters that are not understood are refused by name",
    arguments: [
      ("depth=0", "depth"), ("depth=1001", "depth"), ("depth=", "depth"), ("depth", "depth"),
      ("depth=1e2", "depth"), ("depth=-1", "depth"), ("depth=+1", "depth"), ("depth=%", "depth"),
      ("depth=5&depth=5", "depth"), ("size=5", "size"), ("depth=5&x", "x"), ("=5", ""),
      ("depth=99999999999999999999", "depth"), ("depth=%C3", "depth"), ("depth=5%00", "depth"),
    ])
  func badQueries(text: String, field: String) {
    do throws(APIError) {
      let depth = try Fixtures.bytes(text, Queries.bookDepth)
      Issue.record("\(text) is \(depth)")
    } catch {
      #expect(error.status == 400 && error.field == field, "\(text): \(error)")
    }
  }

  @Test("names and passwords have their rules")
  func accounts() throws {
    func code(_ body: String) -> String {
      do throws(APIError) {
        _ = try Fixtures.bytes(body, NameAndPassword.register)
        return "ok"
      } catch {
        return "\(error.code) \(error.field ?? "")"
      }
    }
    #expect(code(#"{"name":"ann.b_c-9","password":"12345678"}"#) == "ok")
    #expect(code(#"{"name":"ab","password":"12345678"}"#) == "invalid_value name")
    #expect(code(#"{"name":"a b c","password":"12345678"}"#) == "invalid_value name")
    #expect(code(#"{"name":"ann","password":"1234567"}"#) == "invalid_value password")
    #expect(code(#"{"name":"ann"}"#) == "missing_field password")
    #expect(code(#"{"name":1,"password":"12345678"}"#) == "wrong_type name")
    #expect(code(#"{"name":"ann","password":null}"#) == "wrong_type password")
    #expect(code(#"{"name":"ann","name":"ann","password":"12345678"}"#) == "duplicate_field name")
    #expect(code(#"{"name":"ann","pass":"12345678"}"#) == "unknown_field pass")
    #expect(code("[]") == "wrong_type body")
    #expect(code("{") == "malformed_json ")
  }
}
