import Postgres
import Wire

/// One of the tables made from the journal, as far as it is about one symbol.
struct ComparedTable {
  let name: String
  let key: String
  /// Which of its rows are the symbol's.
  let rows: String

  /// Answers count from a sequence on.
  static func all(of symbol: UInt32, from origin: Origin, answersAfter: UInt64) -> [ComparedTable] {
    let first = OrderID.make(symbol: symbol, sequence: 0)
    let next = first + 1 << OrderID.sequenceBits
    // Of the orders from before the origin those that were open then.
    let open = """
      order_id >= \(first) and order_id <= \(origin.order) and order_id in (
        select order_id from pg_temp.orders where order_id <= \(origin.order))
      """
    return [
      ComparedTable(
        name: "orders", key: "order_id",
        rows: "(order_id > \(origin.order) and order_id < \(next) or \(open))"),
      ComparedTable(
        name: "trades", key: "trade_id",
        rows: "symbol_id = \(symbol) and trade_id > \(origin.trade)"),
      ComparedTable(
        name: "answers", key: "sequence",
        rows: "symbol_id = \(symbol) and sequence > \(max(origin.sequence, answersAfter))"),
    ]
  }

  /// Made of all trades, those from before the origin as they are: to be compared when these are
  /// known to be good.
  static func positions(of symbol: UInt32) -> ComparedTable {
    ComparedTable(name: "positions", key: "account", rows: "symbol_id = \(symbol)")
  }
}

extension ExpectedTables {
  private func columns(of table: ComparedTable) throws(PostgresError) -> [String] {
    let rows = try connection.query(
      """
      select quote_ident(attname) from pg_attribute
      where attrelid = $1::text::regclass and attnum > 0 and not attisdropped order by attnum
      """, .text("pg_temp.\(table.name)"))
    var names: [String] = []
    for row in 0..<rows.count { names.append(rows.text(row, 0)) }
    return names
  }

  private func list(_ columns: [String], of alias: String, _ suffix: String = "") -> String {
    columns.map { "\(alias).\($0)\(suffix)" }.joined(separator: ", ")
  }

  /// The difference with the lowest key; nil when the table holds exactly what is expected.
  func firstDifference(in table: ComparedTable) throws(PostgresError) -> Difference? {
    let columns = try columns(of: table)
    let rows = try connection.query(
      """
      select coalesce(e.\(table.key), f.\(table.key)), e.\(table.key) is null,
        f.\(table.key) is null, \(list(columns, of: "e", "::text")),
        \(list(columns, of: "f", "::text"))
      from pg_temp.\(table.name) as e
        full join (select * from \(schema).\(table.name) where \(table.rows)) as f
        on e.\(table.key) = f.\(table.key)
      where row(\(list(columns, of: "e"))) is distinct from row(\(list(columns, of: "f")))
      order by 1 limit 1
      """)
    guard !rows.isEmpty else { return nil }
    let key = rows.int64(0, 0)
    if rows.bool(0, 1) { return .rowExtra(table: table.name, key: key) }
    if rows.bool(0, 2) { return .rowMissing(table: table.name, key: key) }
    for (index, column) in columns.enumerated() {
      let expected = rows.optionalText(0, 3 + index)
      let found = rows.optionalText(0, 3 + columns.count + index)
      guard expected != found else { continue }
      return .row(
        table: table.name, key: key, column: column, expected: expected ?? "null",
        found: found ?? "null")
    }
    preconditionFailure("two rows differ but none of their columns do")
  }

  /// Makes the table hold exactly what is expected; returns how many rows were wrong or missing.
  func repair(_ table: ComparedTable) throws(PostgresError) -> Int {
    let columns = try columns(of: table)
    let removed = try connection.query(
      """
      delete from \(schema).\(table.name) as f where \(table.rows) and not exists (
        select from pg_temp.\(table.name) as e where e.\(table.key) = f.\(table.key)
          and row(\(list(columns, of: "e"))) is not distinct from row(\(list(columns, of: "f"))))
      """
    ).affected
    let names = columns.joined(separator: ", ")
    let added = try connection.query(
      """
      insert into \(schema).\(table.name) (\(names))
      select \(names) from pg_temp.\(table.name) as e where not exists (
        select from \(schema).\(table.name) as f
        where \(table.rows) and f.\(table.key) = e.\(table.key))
      """
    ).affected
    return max(removed, added)
  }
}
