import Wire

/// `POST /api/admin/symbols`: a symbol to be added. Its id is given by whoever stores it.
public enum NewSymbol {
  /// What an order may ask for when the operator sets no limits: the product stays below 2^63.
  private static let mostLots: Int64 = 900_000_000
  private static let mostTicks: Int64 = 1_000_000_000

  public static func parse(_ body: UnsafeRawBufferPointer) throws(APIError) -> Symbol {
    let fields = try ObjectFields(
      body, allowed: ["symbol", "base", "quote", "tickSize", "lotSize"] + LimitChanges.names)
    let name = try fields.string("symbol")
    let base = try fields.string("base")
    let quote = try fields.string("quote")
    let tick = try step("tickSize", fields)
    let lot = try step("lotSize", fields)
    var rules = Rules()
    rules.min_quantity = 1
    rules.max_quantity = mostLots
    rules.max_price = mostTicks
    var symbol = Symbol(
      id: 0, name: name, base: base, quote: quote, tick: tick, lot: lot, rules: rules)
    guard SymbolEntry.isName(name) else {
      throw .invalid("symbol", "must be 1 to 20 of A-Z 0-9 - . _")
    }
    guard let entry = SymbolEntry(symbol) else {
      throw .invalid("lotSize", "and tickSize have more digits than an amount can be written with")
    }
    try LimitChanges(fields, entry).apply(to: &symbol.rules)
    return symbol
  }

  private static func step(_ name: String, _ fields: ObjectFields) throws(APIError) -> Scale {
    guard let digits = try fields.decimal(name) else { throw .missing(name) }
    guard let scale = try? Scale(decimal: String(decoding: digits, as: UTF8.self)) else {
      throw .invalid(name, "must be a decimal above zero, such as 0.01")
    }
    return scale
  }
}

/// `PATCH /api/admin/symbols/{symbol}`: the limits that are to change. Null takes one away.
public struct LimitChanges: Sendable {
  static let names = [
    "minQuantity", "maxQuantity", "minNotional", "maxNotional", "maxPrice",
    "priceBandBasisPoints", "slippageBasisPoints", "maxOpenOrders",
  ]

  /// Which ones.
  public private(set) var limits: Limits = []
  private var rules = Rules()

  public static func parse(
    _ body: UnsafeRawBufferPointer, _ entry: SymbolEntry
  ) throws(APIError) -> LimitChanges {
    let changes = try LimitChanges(try ObjectFields(body, allowed: names), entry)
    guard !changes.limits.isEmpty else { throw .missing("maxQuantity") }
    return changes
  }

  init(_ fields: ObjectFields, _ entry: SymbolEntry) throws(APIError) {
    let (tick, lot) = (entry.symbol.tick, entry.symbol.lot)
    set(
      .minQuantity, \.min_quantity,
      try LimitChanges.amount("minQuantity", fields, lot, "lot_size"))
    set(
      .maxQuantity, \.max_quantity,
      try LimitChanges.amount("maxQuantity", fields, lot, "lot_size"))
    set(
      .minNotional, \.min_notional,
      try LimitChanges.amount("minNotional", fields, entry.notional, "tick_size"))
    set(
      .maxNotional, \.max_notional,
      try LimitChanges.amount("maxNotional", fields, entry.notional, "tick_size"))
    set(
      .maxPrice, \.max_price, try LimitChanges.amount("maxPrice", fields, tick, "tick_size"))
    set(
      .priceBand, \.price_band_bps, try LimitChanges.count("priceBandBasisPoints", fields))
    set(.slippage, \.slippage_bps, try LimitChanges.count("slippageBasisPoints", fields))
    set(.maxOpenOrders, \.max_open_orders, try LimitChanges.count("maxOpenOrders", fields))
  }

  private mutating func set<Value>(
    _ limit: Limits, _ field: WritableKeyPath<Rules, Value>, _ value: Value?
  ) {
    guard let value else { return }
    rules[keyPath: field] = value
    limits.insert(limit)
  }

  public func apply(to rules: inout Rules) {
    rules = rules.taking(limits, from: self.rules)
  }

  /// In units of the scale; 0, which stands for no limit, also for null.
  private static func amount(
    _ name: String, _ fields: ObjectFields, _ scale: Scale, _ step: String
  ) throws(APIError) -> Int64? {
    if fields.isNull(name) { return 0 }
    guard let digits = try fields.decimal(name) else { return nil }
    do throws(DecimalError) {
      return try digits.withUnsafeBufferPointer { bytes throws(DecimalError) in
        try scale.parse(UnsafeRawBufferPointer(bytes), allowingZero: true)
      }
    } catch {
      switch error {
      case .tooFine:
        throw APIError(
          422, step, "\(name) is not a multiple of \(scale.text(1))", field: name)
      case .overflow: throw .invalid(name, "is too large")
      case .negative, .zero: throw .invalid(name, "must not be negative")
      case .malformed: throw .invalid(name, "must be a decimal number")
      }
    }
  }

  private static func count(_ name: String, _ fields: ObjectFields) throws(APIError) -> UInt32? {
    if fields.isNull(name) { return 0 }
    guard let text = try fields.number(name) else { return nil }
    guard let number = UInt32(text), number <= 100_000_000 else {
      throw .invalid(name, "must be an integer from 0 to 100000000")
    }
    return number
  }
}
