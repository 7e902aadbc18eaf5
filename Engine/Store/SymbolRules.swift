import Wire

extension Symbols {
  /// Names become parts of paths, of segment names and of Redis keys, so they are kept plain.
  static let longestName = 20
  static let longestAsset = 12

  /// Throws what is wrong with a symbol that is to be added.
  public static func validate(_ symbol: Symbol) throws(SymbolError) {
    guard isPlain(symbol.name, upTo: longestName, also: "-._") else {
      throw .invalid(field: "name", message: "1 to \(longestName) of A-Z 0-9 - . _")
    }
    for (field, name) in [("base", symbol.base), ("quote", symbol.quote)] {
      guard isPlain(name, upTo: longestAsset, also: "") else {
        throw .invalid(field: field, message: "1 to \(longestAsset) of A-Z 0-9")
      }
    }
    guard symbol.tick.units > 0 && symbol.lot.units > 0 else {
      throw .invalid(field: "tick", message: "tick and lot must be above zero")
    }
    // A quote amount counts ticks x lots, so it has the digits of both.
    guard Int(symbol.tick.digits) + Int(symbol.lot.digits) <= 18 else {
      throw .invalid(field: "tick", message: "tick and lot together have more than 18 digits")
    }
    try validate(symbol.rules)
  }

  /// Throws what is wrong with the limits. With max_price x max_quantity below 2^63 no order's
  /// quote amount, and no sum of its fills, can overflow.
  public static func validate(_ rules: Rules) throws(SymbolError) {
    guard rules.max_quantity > 0 else {
      throw .invalid(field: "maxQuantity", message: "must be above zero")
    }
    guard rules.max_price > 0 else {
      throw .invalid(field: "maxPrice", message: "must be above zero")
    }
    guard rules.isQuoteBounded else {
      throw .invalid(
        field: "maxPrice", message: "maxPrice x maxQuantity exceeds 2^63 ticks x lots")
    }
    guard (0...rules.max_quantity).contains(rules.min_quantity) else {
      throw .invalid(field: "minQuantity", message: "must lie between zero and maxQuantity")
    }
    guard rules.min_notional >= 0 && rules.max_notional >= 0 else {
      throw .invalid(field: "minNotional", message: "must not be negative")
    }
    guard rules.max_notional == 0 || rules.min_notional <= rules.max_notional else {
      throw .invalid(field: "minNotional", message: "is above maxNotional")
    }
  }

  private static func isPlain(_ name: String, upTo length: Int, also extra: String) -> Bool {
    guard (1...length).contains(name.utf8.count) else { return false }
    func isAlphanumeric(_ byte: UInt8) -> Bool {
      (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
    return isAlphanumeric(name.utf8.first!)
      && name.utf8.allSatisfy { isAlphanumeric($0) || extra.utf8.contains($0) }
  }
}
