import API
import Foundation
import Testing
import Wire

@Suite("Answers")
struct AnswerTests {
  static func json(_ write: (inout JSONOutput) -> Void) -> String {
    var output = JSONOutput(capacity: 64)
    write(&output)
    return output.text
  }

  /// The example of the contract: 0.2 of 0.5 filled at 69999.50.
  static var partlyFilled: Answer {
    var answer = Answer()
    answer.order_id = 123
    answer.side = Side.buy.rawValue
    answer.type = OrderType.limit.rawValue
    answer.time_in_force = TimeInForce.goodTillCancelled.rawValue
    answer.self_trade_prevention = SelfTradePrevention.cancelTaker.rawValue
    answer.status = OrderStatus.partiallyFilled.rawValue
    answer.terms.price = 7_000_000
    answer.terms.quantity = 50_000
    answer.filled = 20_000
    answer.remaining = 30_000
    answer.filled_quote = 6_999_950 * 20_000
    answer.created_at = 1_790_000_000_000_000
    answer.sequence = 456
    answer.order_flags = OrderFlags.clientKey.rawValue
    answer.key_length = 2
    withUnsafeMutableBytes(of: &answer.key) { $0.copyBytes(from: Array("a1".utf8)) }
    return answer
  }

  static let fills = [
    Fill(trade_id: 9, price: 6_999_950, quantity: 20_000, counter_order_id: 77)
  ]

  static let contract =
    #"{"orderId":123,"clientOrderId":"a1","symbol":"BTC-USD","side":"buy","type":"limit","#
    + #""timeInForce":"GTC","status":"partially_filled","price":"70000.00","#
    + #""quantity":"0.50000","filledQuantity":"0.20000","remainingQuantity":"0.30000","#
    + #""averagePrice":"69999.50","createdAt":1790000000000000,"sequence":456,"#
    + #""fills":[{"tradeId":9,"price":"69999.50","quantity":"0.20000","liquidity":"taker","#
    + #""counterOrderId":77}]}"#

  @Test("an order is the contract's example, letter by letter")
  func order() {
    let text = AnswerTests.json { output in
      AnswerTests.fills.withUnsafeBufferPointer {
        output.order(AnswerTests.partlyFilled, fills: $0, entry: Fixtures.bitcoin)
      }
    }
    #expect(text == AnswerTests.contract)
    let row = OrderRow(
      entry: Fixtures.bitcoin, order: AnswerTests.partlyFilled,
      fills: [FillRow(AnswerTests.fills[0], isMaker: false)])
    #expect(AnswerTests.json { $0.order(row) } == AnswerTests.contract)
    #expect(AnswerTests.json { $0.orders([row]) } == #"{"orders":[\#(AnswerTests.contract)]}"#)
  }

  @Test("what an order does not have is left away, and what is special is said")
  func special() throws {
    var answer = AnswerTests.partlyFilled
    answer.type = OrderType.market.rawValue
    answer.status = OrderStatus.cancelled.rawValue
    answer.reason = EndReason.noLiquidity.rawValue
    answer.terms = Terms()
    answer.terms.quote_quantity = 1_000_000_001
    answer.order_flags = OrderFlags.postOnly.rawValue
    answer.self_trade_prevention = SelfTradePrevention.none.rawValue
    answer.filled = 0
    answer.flags = AnswerFlags([.duplicate, .fillsCutShort]).rawValue
    let text = AnswerTests.json {
      $0.order(answer, fills: UnsafeBufferPointer(start: nil, count: 0), entry: Fixtures.bitcoin)
    }
    let order = try #require(
      try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(order["quoteQuantity"] as? String == "100.0000001")
    #expect(order["averagePrice"] is NSNull)
    #expect(order["reason"] as? String == "no_liquidity")
    #expect(order["selfTradePrevention"] as? String == "none")
    for flag in ["duplicate", "postOnly", "fillsCutShort"] { #expect(order[flag] as? Bool == true) }
    for absent in ["price", "quantity", "clientOrderId", "stopPrice"] {
      #expect(order[absent] == nil)
    }
  }

  @Test("a book has pairs of strings, best first")
  func book() {
    let bids = [
      outcry_level(price: 7_000_000, quantity: 50_000),
      outcry_level(price: 6_999_999, quantity: 1),
    ]
    let text = AnswerTests.json { output in
      bids.withUnsafeBufferPointer { bids in
        output.book(
          Fixtures.bitcoin, sequence: 5, time: 7, bids: bids,
          asks: UnsafeBufferPointer(start: nil, count: 0))
      }
    }
    #expect(
      text == #"{"symbol":"BTC-USD","sequence":5,"time":7,"#
        + #""bids":[["70000.00","0.50000"],["69999.99","0.00001"]],"asks":[]}"#)
  }

  @Test("text is escaped, numbers are whole, containers have their commas")
  func writer() {
    let text = AnswerTests.json { output in
      output.beginArray()
      output.value("a\"\\\n\r\t\u{1}\u{1f}\u{e9}\u{1F600}/:[{")
      output.value(Int64.min)
      output.value(UInt64.max)
      output.value(0)
      output.beginObject()
      output.key("a")
      output.null()
      output.key("b")
      output.value(false)
      output.endObject()
      output.value("")
      output.beginArray()
      output.endArray()
      output.endArray()
    }
    #expect(
      text == #"["a\"\\\n\r\t\u0001\u001fé😀/:[{",-9223372036854775808,18446744073709551615,0,"#
        + #"{"a":null,"b":false},"",[]]"#)
  }

  @Test("every length of integer is written in full")
  func integers() {
    var number: UInt64 = 1
    for _ in 0..<20 {
      for value in [number - 1, number, number + 1] {
        #expect(AnswerTests.json { $0.value(value) } == String(value))
      }
      number = number.multipliedReportingOverflow(by: 10).partialValue
    }
  }

  @Test("every refusal has a status, a code of its own and a message")
  func refusals() {
    var codes: Set<String> = []
    for refusal in Refusal.allCases {
      let error = APIError(refusal)
      #expect([400, 404, 409, 422, 503].contains(error.status))
      #expect(!error.message.isEmpty && (error.status == 503) == (error.retryAfter != nil))
      codes.insert(error.code)
    }
    #expect(codes.count == Refusal.allCases.count)
    #expect(APIError(Refusal.keyReused).status == 409)
    var command = Command(.amend)
    #expect(APIError(.keyReused, of: command).field == "Idempotency-Key")
    command.flags = OrderFlags.clientKey.rawValue
    #expect(APIError(.keyReused, of: command) == APIError(.keyReused))
    #expect(APIError(.unknownOrder, of: command).status == 404)
    #expect(APIError(.malformed, of: command).code == "malformed")
    #expect(APIError(.malformed, of: Command(.configure)).code == "invalid_value")
    #expect(APIError(Refusal.unknownOrder).status == 404)
    #expect(APIError(Refusal.deadlinePassed).status == 503)
    #expect(APIError(Refusal.noLiquidity).status == 422)
    let error = APIError(422, "tick_size", "a \"b\"", field: "price")
    #expect(
      AnswerTests.json { $0.error(error) }
        == #"{"error":{"code":"tick_size","message":"a \"b\"","field":"price"}}"#)
  }

  @Test("the other answers are JSON with the contract's fields")
  func others() throws {
    func fields(_ write: (inout JSONOutput) -> Void) throws -> Set<String> {
      let data = Data(AnswerTests.json(write).utf8)
      let object = try JSONSerialization.jsonObject(with: data) as? [String: Any]
      return Set(try #require(object).keys)
    }
    #expect(
      try fields { output in
        output.registered(account: 1, name: "a", token: "t", apiKey: "k", apiSecret: "s")
      } == ["account", "name", "token", "apiKey", "apiSecret"])
    #expect(
      try fields { $0.loggedIn(account: 1, token: "t", expiresAt: 5) }
        == ["account", "token", "expiresAt"])
    #expect(
      try fields { $0.issuedKey(apiKey: "k", apiSecret: "s", permission: .readOnly) }
        == ["apiKey", "apiSecret", "permission"])
    #expect(
      AnswerTests.json { $0.keys([("k", .trading, 5)]) }
        == #"{"keys":[{"apiKey":"k","permission":"trading","createdAt":5}]}"#)
    #expect(
      try fields { $0.symbol(Fixtures.coarse, state: .halted) }.isSuperset(
        of: ["symbol", "state", "shard", "tickSize", "lotSize", "maxNotional"]))
    let trade = TradeRow(tradeID: 1, price: 2, quantity: 3, side: .sell, time: 4, sequence: 5)
    #expect(
      AnswerTests.json { $0.trades([trade], entry: Fixtures.coarse) }
        == #"{"symbol":"COARSE","trades":[{"tradeId":1,"price":"0.10","quantity":"30","#
        + #""side":"sell","time":4,"sequence":5}]}"#)
    var status = 0
    #expect(
      try fields { status = $0.ready([("database", true), ("redis", false)]) }
        == ["status", "checks", "error"])
    #expect(status == 503)
    #expect(try fields { status = $0.ready([("database", true)]) } == ["status", "checks"])
    #expect(status == 200)
  }
}

@Suite("The symbols")
struct SymbolTableTests {
  @Test("a table finds symbols by their bytes and ids")
  func table() {
    var entries: [SymbolEntry] = []
    for id in 1...500 as ClosedRange<UInt32> {
      var symbol = Fixtures.bitcoin.symbol
      symbol.id = id
      symbol.name = "S\(id)"
      entries.append(SymbolEntry(symbol)!)
    }
    let table = SymbolTable(entries)
    for entry in entries {
      #expect(table.entry(named: entry.symbol.name) === entry)
      #expect(table.entry(id: entry.symbol.id) === entry)
    }
    for name in ["", "S0", "S501", "S1 ", "s1"] { #expect(table.entry(named: name) == nil) }
    #expect(table.entry(id: 0) == nil && table.entry(id: 501) == nil)
  }
}
