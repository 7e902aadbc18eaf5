import Wire

/// The fields of an order as they stand in its JSON object, before they are judged together.
///
/// The first problem is kept and reading goes on, so that in a batch one bad order fails alone
/// while broken JSON fails all.
struct OrderFields {
  enum Field: UInt16, CaseIterable {
    case symbol, side, type, quantity, price, stopPrice, quoteQuantity, displayQuantity
    case timeInForce, expiresAt, postOnly, selfTradePrevention, clientOrderId

    var name: StaticString {
      switch self {
      case .symbol: "symbol"
      case .side: "side"
      case .type: "type"
      case .quantity: "quantity"
      case .price: "price"
      case .stopPrice: "stopPrice"
      case .quoteQuantity: "quoteQuantity"
      case .displayQuantity: "displayQuantity"
      case .timeInForce: "timeInForce"
      case .expiresAt: "expiresAt"
      case .postOnly: "postOnly"
      case .selfTradePrevention: "selfTradePrevention"
      case .clientOrderId: "clientOrderId"
      }
    }

    /// By length first: at most two names share one, so a key costs one or two comparisons.
    @inline(__always)
    init?(_ key: UnsafeRawBufferPointer) {
      let first: Field
      var second: Field?
      switch key.count {
      case 4: (first, second) = (.side, .type)
      case 5: first = .price
      case 6: first = .symbol
      case 8: (first, second) = (.quantity, .postOnly)
      case 9: (first, second) = (.stopPrice, .expiresAt)
      case 11: first = .timeInForce
      case 13: (first, second) = (.quoteQuantity, .clientOrderId)
      case 15: first = .displayQuantity
      case 19: first = .selfTradePrevention
      default: return nil
      }
      if key.equals(first.name) {
        self = first
      } else if let second, key.equals(second.name) {
        self = second
      } else {
        return nil
      }
    }
  }

  private(set) var problem: APIError?
  private(set) var symbol = UnsafeRawBufferPointer(start: nil, count: 0)
  private(set) var quantity = UnsafeRawBufferPointer(start: nil, count: 0)
  private(set) var price = UnsafeRawBufferPointer(start: nil, count: 0)
  private(set) var stopPrice = UnsafeRawBufferPointer(start: nil, count: 0)
  private(set) var quoteQuantity = UnsafeRawBufferPointer(start: nil, count: 0)
  private(set) var displayQuantity = UnsafeRawBufferPointer(start: nil, count: 0)
  private(set) var clientOrderId = UnsafeRawBufferPointer(start: nil, count: 0)
  private(set) var expiresAt: Int64 = 0
  private(set) var side = Side.buy
  private(set) var type = OrderType.limit
  private(set) var timeInForce = TimeInForce.goodTillCancelled
  private(set) var selfTradePrevention = SelfTradePrevention.cancelTaker
  private(set) var postOnly = false
  private var seen: UInt16 = 0

  @inline(__always)
  func has(_ field: Field) -> Bool { seen & (1 << field.rawValue) != 0 }

  /// Reads the object that `value` has entered, or notes that it is none.
  init(_ value: JSONValue, _ reader: inout JSONReader) throws(JSONError) {
    guard case .object = value else {
      problem = .wrongType("order", "an object")
      try reader.skip(value)
      return
    }
    while let key = try reader.nextKey() {
      guard let field = Field(key) else {
        note(.unknownField(String(decoding: key, as: UTF8.self)))
        try reader.skip(try reader.value())
        continue
      }
      if has(field) { note(.duplicateField("\(field.name)")) }
      seen |= 1 << field.rawValue
      let value = try reader.value()
      try take(field, value)
      try reader.skip(value)
    }
  }

  private mutating func note(_ error: @autoclosure () -> APIError) {
    if problem == nil { problem = error() }
  }

  private mutating func take(_ field: Field, _ value: JSONValue) throws(JSONError) {
    switch field {
    case .symbol: symbol = text(field, value)
    case .clientOrderId: clientOrderId = text(field, value)
    case .quantity: quantity = decimal(field, value)
    case .price: price = decimal(field, value)
    case .stopPrice: stopPrice = decimal(field, value)
    case .quoteQuantity: quoteQuantity = decimal(field, value)
    case .displayQuantity: displayQuantity = decimal(field, value)
    case .side: side = choice(field, value, OrderWords.side) ?? side
    case .type: type = choice(field, value, OrderWords.type) ?? type
    case .timeInForce:
      timeInForce = choice(field, value, OrderWords.timeInForce) ?? timeInForce
    case .selfTradePrevention:
      selfTradePrevention =
        choice(field, value, OrderWords.selfTradePrevention) ?? selfTradePrevention
    case .postOnly:
      if case .boolean(let flag) = value {
        postOnly = flag
      } else {
        note(.wrongType("postOnly", "true or false"))
      }
    case .expiresAt: takeExpiry(value)
    }
  }

  private mutating func takeExpiry(_ value: JSONValue) {
    guard case .number(let digits) = value else {
      note(.wrongType("expiresAt", "an integer: microseconds since 1970"))
      return
    }
    do throws(DecimalError) {
      expiresAt = try Scale(digits: 0, units: 1).parse(digits)
    } catch {
      note(.invalid("expiresAt", "must be a positive integer: microseconds since 1970"))
    }
  }

  private mutating func text(_ field: Field, _ value: JSONValue) -> UnsafeRawBufferPointer {
    if case .string(let bytes) = value { return bytes }
    note(.wrongType("\(field.name)", "a string"))
    return UnsafeRawBufferPointer(start: nil, count: 0)
  }

  private mutating func decimal(_ field: Field, _ value: JSONValue) -> UnsafeRawBufferPointer {
    switch value {
    case .string(let bytes), .number(let bytes): return bytes
    default:
      note(.wrongType("\(field.name)", "a decimal in a string, or a number"))
      return UnsafeRawBufferPointer(start: nil, count: 0)
    }
  }

  @inline(__always)
  private mutating func choice<Value: CaseIterable>(
    _ field: Field, _ value: JSONValue, _ word: (Value) -> StaticString
  ) -> Value? {
    guard case .string(let bytes) = value else {
      note(.wrongType("\(field.name)", "a string"))
      return nil
    }
    for candidate in Value.allCases where bytes.equals(word(candidate)) { return candidate }
    let words = Value.allCases.map { "\(word($0))" }.joined(separator: ", ")
    note(.invalid("\(field.name)", "must be one of \(words)"))
    return nil
  }
}
