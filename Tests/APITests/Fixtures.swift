import API
import Wire

/// What the tests trade: one symbol of fine ticks and one of coarse ones.
enum Fixtures {
  static let bitcoin = SymbolEntry(
    Symbol(
      id: 1, name: "BTC-USD", base: "BTC", quote: "USD", tick: Scale(digits: 2, units: 1),
      lot: Scale(digits: 5, units: 1), rules: Rules()))!
  static let coarse = SymbolEntry(
    Symbol(
      id: 7, name: "COARSE", base: "C", quote: "USD", tick: Scale(digits: 2, units: 5),
      lot: Scale(digits: 0, units: 10), rules: Rules()))!
  static let table = SymbolTable([bitcoin, coarse])

  static func order(_ body: String) throws(APIError) -> ParsedOrder {
    try order(Array(body.utf8))
  }

  static func order(_ body: [UInt8]) throws(APIError) -> ParsedOrder {
    try body.withUnsafeBufferPointer { bytes throws(APIError) in
      try OrderRequest.parse(UnsafeRawBufferPointer(bytes)) { table.entry(named: $0) }
    }
  }

  static func batch(_ body: String) throws(APIError) -> [BatchItem] {
    let body = Array(body.utf8)
    return try body.withUnsafeBufferPointer { bytes throws(APIError) in
      try OrderRequest.parseBatch(UnsafeRawBufferPointer(bytes)) { table.entry(named: $0) }
    }
  }

  static func bytes<Value>(
    _ text: String, _ body: (UnsafeRawBufferPointer) throws(APIError) -> Value
  ) throws(APIError) -> Value {
    let text = Array(text.utf8)
    return try text.withUnsafeBufferPointer { bytes throws(APIError) in
      try body(UnsafeRawBufferPointer(bytes))
    }
  }

  /// A limit order with some of its fields replaced or added; nil takes a field away.
  static func limit(_ changes: [String: String?]) -> String {
    var fields: [String: String] = [
      "symbol": "\"BTC-USD\"", "side": "\"buy\"", "type": "\"limit\"",
      "quantity": "\"0.50000\"", "price": "\"70000.00\"",
    ]
    for (name, value) in changes { fields[name] = value }
    let parts = fields.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }
    return "{\(parts.joined(separator: ","))}"
  }
}

/// SplitMix64: the same numbers from the same seed, everywhere.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
    return word ^ word >> 31
  }
}
