import API
import Wire

/// Everything that reads what a client sends: bodies, paths, queries. Besides not failing, what
/// was read as JSON must mean the same when it is written and read again, and an order that was
/// accepted must be one that an engine takes.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = UnsafeRawBufferPointer(start: data, count: count)
  if let once = copy(bytes) {
    let twice = once.withUnsafeBytes(copy)
    precondition(twice == once, "read again it means something else")
  }
  readBodies(bytes)
  readTarget(bytes)
  return 0
}

private let entry = SymbolEntry(
  Symbol(
    id: 1, name: "BTC-USD", base: "BTC", quote: "USD", tick: Scale(digits: 2, units: 1),
    lot: Scale(digits: 5, units: 1), rules: Rules()))!
private let table = SymbolTable([entry])

private func readBodies(_ bytes: UnsafeRawBufferPointer) {
  if let order = try? OrderRequest.parse(bytes, symbols: { table.entry(named: $0) }) {
    check(order)
  }
  for item in (try? OrderRequest.parseBatch(bytes, symbols: { table.entry(named: $0) })) ?? [] {
    if case .order(let order) = item { check(order) }
  }
  if let command = try? OrderRequest.parseAmend(bytes, orderID: 1, entry: entry) {
    precondition(command.terms.price > 0 || command.terms.quantity > 0, "nothing to amend")
  }
  _ = try? NameAndPassword.register(bytes)
  _ = try? NameAndPassword.login(bytes)
  _ = try? KeyPermission.parse(bytes)
  if let symbol = try? NewSymbol.parse(bytes) {
    precondition(SymbolEntry(symbol) != nil, "a symbol whose amounts cannot be written")
  }
  _ = try? LimitChanges.parse(bytes, entry)
}

private func check(_ order: ParsedOrder) {
  let terms = order.command.terms
  let least = min(
    min(terms.price, terms.stop_price, terms.quantity),
    min(terms.quote_quantity, terms.display_quantity, terms.expires_at))
  precondition(least >= 0, "a negative amount")
  precondition((terms.quantity > 0) != (terms.quote_quantity > 0), "no amount, or two")
  precondition(order.command.key_length <= 36, "a key that is too long")
}

/// The same bytes as what follows the method of a request.
private func readTarget(_ bytes: UnsafeRawBufferPointer) {
  let method: StaticString = "GET"
  _ = try? Route.match(
    method: UnsafeRawBufferPointer(start: method.utf8Start, count: method.utf8CodeUnitCount),
    path: bytes)
  if let query = try? OrdersQuery(bytes) { precondition((1...1000).contains(query.page.limit)) }
  if let query = try? FillsQuery(bytes) { precondition((1...1000).contains(query.page.limit)) }
  _ = try? Queries.bookDepth(bytes)
}

/// The text with its white space and escapes gone; nil when it is no JSON.
private func copy(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
  var reader = JSONReader(bytes)
  var output = JSONOutput()
  do throws(JSONError) {
    let value = try reader.value()
    try copy(value, &reader, &output)
    try reader.finish()
    return Array(output.bytes)
  } catch {
    precondition(error.position >= 0 && error.position <= bytes.count, "an error somewhere else")
    return nil
  }
}

private func copy(
  _ value: JSONValue, _ reader: inout JSONReader, _ output: inout JSONOutput
) throws(JSONError) {
  switch value {
  case .string(let text): output.value(utf8: text)
  case .number(let digits): output.raw(digits)
  case .boolean(let flag): output.value(flag)
  case .null: output.null()
  case .object:
    output.beginObject()
    while let key = try reader.nextKey() {
      output.key(text: String(decoding: key, as: UTF8.self))
      try copy(try reader.value(), &reader, &output)
    }
    output.endObject()
  case .array:
    output.beginArray()
    while try reader.nextElement() { try copy(try reader.value(), &reader, &output) }
    output.endArray()
  }
}
