import API
import Testing
import Wire

@Suite("An order's body")
struct OrderRequestTests {
  @Test("becomes a command in ticks and lots")
  func limit() throws {
    let order = try Fixtures.order(
      #"{"symbol":"BTC-USD","side":"sell","type":"limit","quantity":0.5,"price":"70000.01","#
        + #""timeInForce":"GTD","expiresAt":1790000000000000,"postOnly":true,"#
        + #""displayQuantity":"0.1","selfTradePrevention":"cancel_both","clientOrderId":"a/1:b"}"#)
    #expect(order.entry === Fixtures.bitcoin)
    let command = order.command
    #expect(command.kind == CommandKind.place.rawValue)
    #expect(command.side == Side.sell.rawValue)
    #expect(command.type == OrderType.limit.rawValue)
    #expect(command.time_in_force == TimeInForce.goodTillDate.rawValue)
    #expect(command.self_trade_prevention == SelfTradePrevention.cancelBoth.rawValue)
    #expect(OrderFlags(rawValue: command.flags) == [.postOnly, .clientKey])
    #expect(command.terms.price == 7_000_001)
    #expect(command.terms.quantity == 50_000)
    #expect(command.terms.display_quantity == 10_000)
    #expect(command.terms.expires_at == 1_790_000_000_000_000)
    #expect(command.withKey { String(decoding: $0, as: UTF8.self) } == "a/1:b")
  }

  @Test("escaped keys and values mean the same")
  func escaped() throws {
    let order = try Fixtures.order(
      "{\"\\u0073ymbol\":\"BTC\\u002dUSD\",\"side\":\"b\\u0075y\",\"type\":\"limit\","
        + "\"quantity\":\"\\u0031\",\"price\":\"\\u0032\"}")
    #expect(order.command.terms.quantity == 100_000)
    #expect(order.command.terms.price == 200)
  }

  @Test("a market order spends a quantity or a quote amount, and never rests")
  func market() throws {
    var order = try Fixtures.order(
      #"{"symbol":"BTC-USD","side":"buy","type":"market","quoteQuantity":"100.0000001"}"#)
    #expect(order.command.terms.quote_quantity == 1_000_000_001)
    #expect(order.command.time_in_force == TimeInForce.immediateOrCancel.rawValue)
    order = try Fixtures.order(
      #"{"symbol":"COARSE","side":"buy","type":"market","quantity":1e2,"timeInForce":"FOK"}"#)
    #expect(order.command.terms.quantity == 10)
    #expect(order.command.time_in_force == TimeInForce.fillOrKill.rawValue)
  }

  @Test(
    "every number form is read exactly",
    arguments: [
      ("1e2", 10_000), ("1E+2", 10_000), ("100.00", 10_000), ("\"1e2\"", 10_000),
      ("70000.0000000000000000000000000000000000000", 7_000_000), ("0.01", 1), ("1e-2", 1),
    ] as [(String, Int64)])
  func numbers(text: String, ticks: Int64) throws {
    #expect(try Fixtures.order(Fixtures.limit(["price": text])).command.terms.price == ticks)
  }

  typealias Refused = (changes: [String: String?], status: Int, code: String, field: String)

  static let fields: [Refused] = [
    (["symbol": nil], 400, "missing_field", "symbol"),
    (["side": nil], 400, "missing_field", "side"),
    (["type": nil], 400, "missing_field", "type"),
    (["quantity": nil], 400, "missing_field", "quantity"),
    (["price": nil], 400, "missing_field", "price"),
    (["colour": "1"], 400, "unknown_field", "colour"),
    (["colour": "{\"a\":[1,{}]}"], 400, "unknown_field", "colour"),
    (["symbol": "\"BTC-EUR\""], 404, "unknown_symbol", "symbol"),
    (["symbol": "\"\""], 404, "unknown_symbol", "symbol"),
    (["symbol": "1"], 400, "wrong_type", "symbol"),
    (["side": "\"Buy\""], 400, "invalid_value", "side"),
    (["side": "true"], 400, "wrong_type", "side"),
    (["type": "\"iceberg\""], 400, "invalid_value", "type"),
    (["type": "null"], 400, "wrong_type", "type"),
    (["quantity": "true"], 400, "wrong_type", "quantity"),
    (["quantity": "[1]"], 400, "wrong_type", "quantity"),
    (["quantity": "null"], 400, "wrong_type", "quantity"),
    (["postOnly": "1"], 400, "wrong_type", "postOnly"),
    (["postOnly": "\"true\""], 400, "wrong_type", "postOnly"),
    (["expiresAt": "\"5\"", "timeInForce": "\"GTD\""], 400, "wrong_type", "expiresAt"),
    (["expiresAt": "1.5", "timeInForce": "\"GTD\""], 400, "invalid_value", "expiresAt"),
    (["expiresAt": "1e400", "timeInForce": "\"GTD\""], 400, "invalid_value", "expiresAt"),
    (["clientOrderId": "\"\""], 400, "invalid_value", "clientOrderId"),
    (["clientOrderId": "\"a b\""], 400, "invalid_value", "clientOrderId"),
    (["clientOrderId": "\"\u{e9}\""], 400, "invalid_value", "clientOrderId"),
    (
      ["clientOrderId": "\"" + String(repeating: "a", count: 37) + "\""], 400, "invalid_value",
      "clientOrderId"
    ),
    (["timeInForce": "\"DAY\""], 400, "invalid_value", "timeInForce"),
    (["selfTradePrevention": "\"x\""], 400, "invalid_value", "selfTradePrevention"),
  ]

  static let numbers: [Refused] = [
    (["price": "\"abc\""], 400, "invalid_number", "price"),
    (["price": "\"\""], 400, "invalid_number", "price"),
    (["price": "\" 1\""], 400, "invalid_number", "price"),
    (["price": "\"NaN\""], 400, "invalid_number", "price"),
    (["price": "\"0x10\""], 400, "invalid_number", "price"),
    (["price": "\"\u{661}\""], 400, "invalid_number", "price"),
    (["price": "1e400"], 422, "price_range", "price"),
    (["price": "-1"], 422, "price_range", "price"),
    (["price": "-0"], 422, "price_range", "price"),
    (["price": "0"], 422, "price_range", "price"),
    (["price": "0.000001"], 422, "tick_size", "price"),
    (["price": "\"70000.005\""], 422, "tick_size", "price"),
    (["price": "1e-400"], 422, "tick_size", "price"),
    (["price": "0.1234567890123456789012345678901234567891"], 422, "tick_size", "price"),
    (["price": "1234567890123456789012345678901234567890"], 422, "price_range", "price"),
    (["quantity": "0.000001"], 422, "lot_size", "quantity"),
    (["quantity": "-0"], 422, "quantity_range", "quantity"),
    (["quantity": "1e400"], 422, "quantity_range", "quantity"),
    (["displayQuantity": "0.000001"], 422, "lot_size", "displayQuantity"),
    (["symbol": "\"COARSE\"", "quantity": "15"], 422, "lot_size", "quantity"),
    (["symbol": "\"COARSE\"", "quantity": "10", "price": "0.12"], 422, "tick_size", "price"),
  ]

  static let combinations: [Refused] = [
    (["stopPrice": "1"], 400, "invalid_combination", "stopPrice"),
    (["quoteQuantity": "1"], 400, "invalid_combination", "quoteQuantity"),
    (["type": "\"market\""], 400, "invalid_combination", "price"),
    (["type": "\"market\"", "price": nil, "quantity": nil], 400, "missing_field", "quantity"),
    (
      ["type": "\"market\"", "price": nil, "quoteQuantity": "5"], 400, "invalid_combination",
      "quoteQuantity"
    ),
    (
      ["type": "\"market\"", "price": nil, "stopPrice": "5"], 400, "invalid_combination",
      "stopPrice"
    ),
    (
      ["type": "\"market\"", "price": nil, "displayQuantity": "5"], 400, "invalid_combination",
      "displayQuantity"
    ),
    (
      ["type": "\"market\"", "price": nil, "postOnly": "true"], 400, "invalid_combination",
      "postOnly"
    ),
    (
      ["type": "\"market\"", "price": nil, "timeInForce": "\"GTD\"", "expiresAt": "5"], 400,
      "invalid_combination", "timeInForce"
    ),
    (["type": "\"stop\"", "price": nil], 400, "missing_field", "stopPrice"),
    (["type": "\"stop\"", "stopPrice": "5"], 400, "invalid_combination", "price"),
    (
      ["type": "\"stop\"", "price": nil, "stopPrice": "5", "postOnly": "true"], 400,
      "invalid_combination", "postOnly"
    ),
    (["type": "\"stop_limit\""], 400, "missing_field", "stopPrice"),
    (["type": "\"stop_limit\"", "price": nil, "stopPrice": "5"], 400, "missing_field", "price"),
    (["timeInForce": "\"GTD\""], 400, "missing_field", "expiresAt"),
    (["expiresAt": "5"], 400, "invalid_combination", "expiresAt"),
    (["postOnly": "true", "timeInForce": "\"IOC\""], 400, "invalid_combination", "postOnly"),
    (["postOnly": "true", "timeInForce": "\"FOK\""], 400, "invalid_combination", "postOnly"),
    (
      ["displayQuantity": "0.1", "timeInForce": "\"IOC\""], 400, "invalid_combination",
      "displayQuantity"
    ),
  ]

  @Test("what is wrong is refused by its name")
  func refused() {
    for row in OrderRequestTests.fields + OrderRequestTests.numbers
      + OrderRequestTests.combinations
    {
      let body = Fixtures.limit(row.changes)
      do throws(APIError) {
        _ = try Fixtures.order(body)
        Issue.record("taken: \(body)")
      } catch {
        #expect(
          [String(error.status), error.code, error.field ?? ""]
            == [String(row.status), row.code, row.field], "\(body)")
      }
    }
  }

  @Test(
    "what makes sense is taken",
    arguments: [
      ["postOnly": "true"], ["postOnly": "false", "timeInForce": "\"IOC\""],
      ["timeInForce": "\"GTC\""], ["timeInForce": "\"FOK\""],
      ["timeInForce": "\"GTD\"", "expiresAt": "1790000000000000"],
      ["type": "\"market\"", "price": nil, "timeInForce": "\"GTC\""],
      ["type": "\"stop\"", "price": nil, "stopPrice": "5"],
      ["type": "\"stop_limit\"", "stopPrice": "5", "displayQuantity": "0.1"],
      ["clientOrderId": "\"ABCxyz019._:/-\""],
    ] as [[String: String?]])
  func taken(changes: [String: String?]) throws {
    _ = try Fixtures.order(Fixtures.limit(changes))
  }

  @Test("a duplicate field is refused, even with the same value")
  func duplicate() {
    let body = #"{"symbol":"BTC-USD","symbol":"BTC-USD"}"#
    #expect(throws: APIError(400, "duplicate_field", "symbol is given twice", field: "symbol")) {
      try Fixtures.order(body)
    }
  }

  @Test("the message says what the client wrote and what the rule is")
  func message() {
    do throws(APIError) {
      _ = try Fixtures.order(Fixtures.limit(["price": "\"70000.005\""]))
    } catch {
      #expect(error.message == "price 70000.005 is not a multiple of 0.01")
    }
  }
}
