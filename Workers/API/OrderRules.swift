import Wire

/// Which fields an order of each kind has, and what they mean in ticks and lots.
enum OrderRules {
  static func order(
    _ fields: OrderFields, _ symbols: OrderRequest.Lookup
  ) throws(APIError) -> ParsedOrder {
    if let problem = fields.problem { throw problem }
    try require(fields, .symbol)
    try require(fields, .side)
    try require(fields, .type)
    try checkKind(fields)
    try checkLifetime(fields)
    guard let entry = symbols(fields.symbol) else {
      throw .unknownSymbol(fields.symbol.shown)
    }
    return ParsedOrder(entry: entry, command: try command(fields, entry))
  }

  // MARK: - What goes together

  /// The fields that a type must have and those it must not.
  private static func checkKind(_ fields: OrderFields) throws(APIError) {
    switch fields.type {
    case .limit:
      try require(fields, .quantity)
      try require(fields, .price)
      try refuse(fields, .stopPrice)
      try refuse(fields, .quoteQuantity)
    case .market:
      try refuse(fields, .price)
      try refuse(fields, .stopPrice)
      try refuse(fields, .displayQuantity)
      guard fields.has(.quantity) != fields.has(.quoteQuantity) else {
        guard fields.has(.quantity) else { throw .missing("quantity") }
        throw .combination("quoteQuantity", "give quantity or quoteQuantity, not both")
      }
    case .stop:
      try require(fields, .quantity)
      try require(fields, .stopPrice)
      try refuse(fields, .price)
      try refuse(fields, .quoteQuantity)
      try refuse(fields, .displayQuantity)
    case .stopLimit:
      try require(fields, .quantity)
      try require(fields, .price)
      try require(fields, .stopPrice)
      try refuse(fields, .quoteQuantity)
    }
    if fields.postOnly, fields.type == .market || fields.type == .stop {
      throw .combination("postOnly", "only an order with a limit price can be post-only")
    }
  }

  private static func checkLifetime(_ fields: OrderFields) throws(APIError) {
    switch fields.timeInForce {
    case .goodTillDate:
      guard fields.has(.expiresAt) else { throw .missing("expiresAt") }
      guard fields.type != .market else {
        throw .combination("timeInForce", "a market order does not wait for a date")
      }
    case .immediateOrCancel, .fillOrKill:
      guard !fields.postOnly else {
        throw .combination("postOnly", "a post-only order rests, so it cannot be IOC or FOK")
      }
      guard !fields.has(.displayQuantity) else {
        throw .combination("displayQuantity", "an IOC or FOK order is never displayed")
      }
    case .goodTillCancelled: break
    }
    if fields.has(.expiresAt), fields.timeInForce != .goodTillDate {
      throw .combination("expiresAt", "only an order with timeInForce GTD expires")
    }
  }

  /// One field a call: a variadic parameter would allocate an array for every order.
  @inline(__always)
  private static func require(
    _ fields: OrderFields, _ field: OrderFields.Field
  ) throws(APIError) {
    if !fields.has(field) { throw .missing("\(field.name)") }
  }

  @inline(__always)
  private static func refuse(
    _ fields: OrderFields, _ field: OrderFields.Field
  ) throws(APIError) {
    if fields.has(field) {
      let type = OrderWords.type(fields.type)
      throw .combination("\(field.name)", "a \(type) order has no \(field.name)")
    }
  }

  // MARK: - What it means

  private static func command(
    _ fields: OrderFields, _ entry: SymbolEntry
  ) throws(APIError) -> Command {
    var command = Command(.place)
    command.side = fields.side.rawValue
    command.type = fields.type.rawValue
    command.self_trade_prevention = fields.selfTradePrevention.rawValue
    // A market order never rests: the default lifetime means IOC for it.
    let isWaiting = fields.type != .market || fields.timeInForce != .goodTillCancelled
    command.time_in_force = (isWaiting ? fields.timeInForce : .immediateOrCancel).rawValue
    var flags: OrderFlags = fields.postOnly ? .postOnly : []
    if fields.has(.clientOrderId) {
      guard isClientOrderId(fields.clientOrderId) else {
        throw .invalid("clientOrderId", "must be 1 to 36 of A-Z a-z 0-9 . _ : / -")
      }
      command.setKey(fields.clientOrderId)
      flags.insert(.clientKey)
    }
    command.flags = flags.rawValue
    command.terms.expires_at = fields.expiresAt
    if fields.has(.quantity) {
      command.terms.quantity = try quantity(fields.quantity, "quantity", entry)
    }
    if fields.has(.price) {
      command.terms.price = try price(fields.price, "price", entry)
    }
    if fields.has(.stopPrice) {
      command.terms.stop_price = try price(fields.stopPrice, "stopPrice", entry)
    }
    if fields.has(.displayQuantity) {
      command.terms.display_quantity = try quantity(
        fields.displayQuantity, "displayQuantity", entry)
    }
    if fields.has(.quoteQuantity) {
      command.terms.quote_quantity = try units(
        fields.quoteQuantity, entry.notional, "quoteQuantity", "tick_size", "notional_range")
    }
    return command
  }

  static func isClientOrderId(_ text: UnsafeRawBufferPointer) -> Bool {
    guard (1...36).contains(text.count) else { return false }
    for byte in text {
      switch byte {
      case 0x30...0x3a, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x2f, 0x5f: continue
      default: return false
      }
    }
    return true
  }

  @inline(__always)
  static func price(
    _ text: UnsafeRawBufferPointer, _ field: StaticString, _ entry: SymbolEntry
  ) throws(APIError) -> Int64 {
    try units(text, entry.symbol.tick, field, "tick_size", "price_range")
  }

  @inline(__always)
  static func quantity(
    _ text: UnsafeRawBufferPointer, _ field: StaticString, _ entry: SymbolEntry
  ) throws(APIError) -> Int64 {
    try units(text, entry.symbol.lot, field, "lot_size", "quantity_range")
  }

  private static func units(
    _ text: UnsafeRawBufferPointer, _ scale: Scale, _ field: StaticString,
    _ step: StaticString, _ range: StaticString
  ) throws(APIError) -> Int64 {
    do throws(DecimalError) {
      return try scale.parse(text)
    } catch {
      throw decimalError(error, text, scale, "\(field)", "\(step)", "\(range)")
    }
  }

  @inline(never)
  private static func decimalError(
    _ error: DecimalError, _ text: UnsafeRawBufferPointer, _ scale: Scale, _ field: String,
    _ step: String, _ range: String
  ) -> APIError {
    switch error {
    case .malformed:
      APIError(400, "invalid_number", "\(field) must be a decimal number", field: field)
    case .zero, .negative:
      APIError(422, range, "\(field) must be above zero", field: field)
    case .overflow:
      APIError(422, range, "\(field) \(text.shown) is too large", field: field)
    case .tooFine:
      APIError(
        422, step, "\(field) \(text.shown) is not a multiple of \(scale.text(1))", field: field)
    }
  }
}
