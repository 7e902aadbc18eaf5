import Wire

/// An order that may be sent to its symbol's engine. `account`, `deadline` and, when the client
/// gave no `clientOrderId`, the key are still to be filled in.
public struct ParsedOrder: Sendable {
  public let entry: SymbolEntry
  public var command: Command

  public init(entry: SymbolEntry, command: Command) {
    self.entry = entry
    self.command = command
  }

  public var hasClientKey: Bool {
    OrderFlags(rawValue: command.flags).contains(.clientKey)
  }
}

/// One order of a batch: what is wrong with it stays its own.
public enum BatchItem: Sendable {
  case order(ParsedOrder)
  case failure(APIError)
}

/// From the body of a request to commands.
public enum OrderRequest {
  public static let largestBatch = 1000
  public typealias Lookup = (UnsafeRawBufferPointer) -> SymbolEntry?

  /// `POST /api/orders`.
  public static func parse(
    _ body: UnsafeRawBufferPointer, symbols: Lookup
  ) throws(APIError) -> ParsedOrder {
    var reader = JSONReader(body)
    let fields: OrderFields
    do throws(JSONError) {
      let value = try reader.value()
      fields = try OrderFields(value, &reader)
      try reader.finish()
    } catch {
      throw APIError(error)
    }
    return try OrderRules.order(fields, symbols)
  }

  /// `POST /api/orders/batch`: `{"orders":[…]}`. Broken JSON fails all of it.
  public static func parseBatch(
    _ body: UnsafeRawBufferPointer, symbols: Lookup
  ) throws(APIError) -> [BatchItem] {
    var reader = JSONReader(body)
    var items: [BatchItem] = []
    var problem: APIError?
    do throws(JSONError) {
      let value = try reader.value()
      if case .object = value {
        var isGiven = false
        while let key = try reader.nextKey() {
          let isOrders = key.equals("orders")
          if !isOrders {
            problem = problem ?? .unknownField(key.shown)
          } else if isGiven {
            problem = problem ?? .duplicateField("orders")
          }
          let value = try reader.value()
          guard isOrders, !isGiven, case .array = value else {
            if isOrders { problem = problem ?? .wrongType("orders", "an array") }
            isGiven = isGiven || isOrders
            try reader.skip(value)
            continue
          }
          isGiven = true
          // No order is shorter than 64 bytes that is not refused, so this is room for all.
          try readItems(
            &reader, symbols, &items, room: min(body.count / 64 + 1, largestBatch + 1))
        }
        if !isGiven { problem = problem ?? .missing("orders") }
      } else {
        problem = .wrongType("body", "an object")
        try reader.skip(value)
      }
      try reader.finish()
    } catch {
      throw APIError(error)
    }
    if let problem { throw problem }
    guard (1...largestBatch).contains(items.count) else {
      throw APIError(
        400, "batch_size", "orders must hold 1 to \(largestBatch) orders", field: "orders")
    }
    return items
  }

  /// One more than the largest batch is kept, to tell that it is too large.
  private static func readItems(
    _ reader: inout JSONReader, _ symbols: Lookup, _ items: inout [BatchItem], room: Int
  ) throws(JSONError) {
    items.reserveCapacity(room)
    while try reader.nextElement() {
      let value = try reader.value()
      guard items.count <= largestBatch else {
        try reader.skip(value)
        continue
      }
      let fields = try OrderFields(value, &reader)
      do throws(APIError) {
        items.append(.order(try OrderRules.order(fields, symbols)))
      } catch {
        items.append(.failure(error))
      }
    }
  }

  /// `PATCH /api/orders/{orderId}`: `{"price","quantity"}`, at least one of them.
  public static func parseAmend(
    _ body: UnsafeRawBufferPointer, orderID: UInt64, entry: SymbolEntry
  ) throws(APIError) -> Command {
    let fields = try ObjectFields(body, allowed: ["price", "quantity"])
    guard fields.has("price") || fields.has("quantity") else { throw .missing("price") }
    var command = Command(.amend)
    command.order_id = orderID
    if let price = try fields.decimal("price") {
      command.terms.price = try price.withUnsafeBufferPointer { bytes throws(APIError) in
        try OrderRules.price(UnsafeRawBufferPointer(bytes), "price", entry)
      }
    }
    if let quantity = try fields.decimal("quantity") {
      command.terms.quantity = try quantity.withUnsafeBufferPointer { bytes throws(APIError) in
        try OrderRules.quantity(UnsafeRawBufferPointer(bytes), "quantity", entry)
      }
    }
    return command
  }
}
