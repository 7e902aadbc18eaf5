import Postgres
import Wire

public enum SymbolError: Error, CustomStringConvertible {
  case invalid(field: String, message: String)
  case nameTaken(String)
  case tooMany
  case database(PostgresError)

  public var description: String {
    switch self {
    case .invalid(let field, let message): "\(field): \(message)"
    case .nameTaken(let name): "symbol \(name) exists already"
    case .tooMany: "no symbol id is left"
    case .database(let error): "\(error)"
    }
  }
}

/// A symbol with what only the table knows of it.
public struct StoredSymbol: Hashable, Sendable {
  public var symbol: Symbol
  public var state: UInt8
  public var createdAt: Int64
  /// It is leaving its shard: the engine there rests, and the next one may not start yet.
  public var isMoving: Bool
}

/// The table of tradable instruments.
public enum Symbols {
  private static let columns = """
    id, name, base, quote, tick_digits, tick_units, lot_digits, lot_units, min_quantity,
    max_quantity, min_notional, max_notional, max_price, price_band_bps, slippage_bps,
    max_open_orders, shard, state, created_at,
    exists (select from moves where symbol_id = id and step in (1, 2))
    """

  /// Notified when a symbol is added, changed or moved.
  public static let channel = "outcry_symbols"

  public static func list(_ connection: Connection) throws(PostgresError) -> [StoredSymbol] {
    let rows = try connection.query("select \(columns) from symbols order by id")
    var found: [StoredSymbol] = []
    for row in 0..<rows.count { found.append(read(rows, row)) }
    return found
  }

  public static func find(_ name: String, _ connection: Connection) throws(PostgresError)
    -> StoredSymbol?
  {
    let rows = try connection.query("select \(columns) from symbols where name = $1", .text(name))
    return rows.isEmpty ? nil : read(rows, 0)
  }

  /// Stores a new symbol under the next free id; the id it comes with does not matter.
  public static func add(_ symbol: Symbol, _ connection: Connection) throws(SymbolError)
    -> StoredSymbol
  {
    try validate(symbol)
    let rules = symbol.rules
    do {
      // The subquery and the insert are one statement, and the primary key settles a race.
      let rows = try connection.query(
        """
        insert into symbols (id, name, base, quote, tick_digits, tick_units, lot_digits,
          lot_units, min_quantity, max_quantity, min_notional, max_notional, max_price,
          price_band_bps, slippage_bps, max_open_orders, shard)
        values ((select coalesce(max(id), 0) + 1 from symbols), $1, $2, $3, $4, $5, $6, $7, $8,
          $9, $10, $11, $12, $13, $14, $15, $16)
        returning \(columns)
        """,
        .text(symbol.name), .text(symbol.base), .text(symbol.quote),
        .int16(Int16(symbol.tick.digits)), .int64(symbol.tick.units),
        .int16(Int16(symbol.lot.digits)), .int64(symbol.lot.units),
        .int64(rules.min_quantity), .int64(rules.max_quantity), .int64(rules.min_notional),
        .int64(rules.max_notional), .int64(rules.max_price),
        .int64(Int64(rules.price_band_bps)), .int64(Int64(rules.slippage_bps)),
        .int64(Int64(rules.max_open_orders)), .int32(Int32(symbol.shard)))
      return read(rows, 0)
    } catch {
      if error.isUniqueViolation && error.message.contains("symbols_name_key") {
        throw .nameTaken(symbol.name)
      }
      if error.isUniqueViolation { return try add(symbol, connection) }
      if error.state == "23514" { throw .tooMany }
      throw .database(error)
    }
  }

  /// The engine has the last word on rules and state: this follows what it has journalled.
  static func store(_ rules: Rules, of id: UInt32, _ connection: Connection)
    throws(PostgresError)
  {
    _ = try connection.query(
      """
      update symbols set min_quantity = $2, max_quantity = $3, min_notional = $4,
        max_notional = $5, max_price = $6, price_band_bps = $7, slippage_bps = $8,
        max_open_orders = $9
      where id = $1
      """, .int32(Int32(id)), .int64(rules.min_quantity), .int64(rules.max_quantity),
      .int64(rules.min_notional), .int64(rules.max_notional), .int64(rules.max_price),
      .int64(Int64(rules.price_band_bps)), .int64(Int64(rules.slippage_bps)),
      .int64(Int64(rules.max_open_orders)))
  }

  /// The same for a table in another database, which the projection does not reach.
  public static func follow(state: UInt8?, rules: Rules?, of id: UInt32, _ connection: Connection)
    throws(PostgresError)
  {
    if let state {
      _ = try connection.query(
        "update symbols set state = $2 where id = $1 and state <> $2", .int32(Int32(id)),
        .int16(Int16(state)))
    }
    if let rules { try store(rules, of: id, connection) }
  }

  private static func read(_ rows: borrowing Rows, _ row: Int) -> StoredSymbol {
    var rules = Rules()
    rules.min_quantity = rows.int64(row, 8)
    rules.max_quantity = rows.int64(row, 9)
    rules.min_notional = rows.int64(row, 10)
    rules.max_notional = rows.int64(row, 11)
    rules.max_price = rows.int64(row, 12)
    rules.price_band_bps = UInt32(rows.int64(row, 13))
    rules.slippage_bps = UInt32(rows.int64(row, 14))
    rules.max_open_orders = UInt32(rows.int64(row, 15))
    let symbol = Symbol(
      id: UInt32(rows.int64(row, 0)), name: rows.text(row, 1), base: rows.text(row, 2),
      quote: rows.text(row, 3),
      tick: Scale(digits: UInt8(rows.int64(row, 4)), units: rows.int64(row, 5)),
      lot: Scale(digits: UInt8(rows.int64(row, 6)), units: rows.int64(row, 7)),
      rules: rules, shard: UInt32(rows.int64(row, 16)))
    return StoredSymbol(
      symbol: symbol, state: UInt8(rows.int64(row, 17)), createdAt: rows.int64(row, 18),
      isMoving: rows.bool(row, 19))
  }
}
