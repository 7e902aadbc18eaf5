import Postgres
import Wire

/// What rows from before the origin can be checked for, although they can no longer be derived:
/// an order that was not open at the origin does not come back and is not touched again, and
/// trades count from 1 without a gap.
extension ExpectedTables {
  /// The first one; nil when there is none.
  func firstContradiction() throws(PostgresError) -> Difference? {
    guard origin.sequence > 0 else { return nil }
    let rows = try connection.query("\(contradictions) order by 1, 2 limit 1")
    guard !rows.isEmpty else { return nil }
    let (table, key) = (rows.text(0, 0), rows.int64(0, 1))
    guard let column = rows.optionalText(0, 2) else { return .rowMissing(table: table, key: key) }
    return .row(
      table: table, key: key, column: column, expected: rows.text(0, 3), found: rows.text(0, 4))
  }

  func countContradictions() throws(PostgresError) -> Int {
    guard origin.sequence > 0 else { return 0 }
    return Int(try connection.query("select count(*) from (\(contradictions)) as c").int64(0, 0))
  }

  private var contradictions: String {
    let first = OrderID.make(symbol: symbol, sequence: 0)
    let ended = """
      from \(schema).orders as f
      where order_id >= \(first) and order_id <= \(origin.order)
        and not exists (select from pg_temp.orders as e where e.order_id = f.order_id)
      """
    let trades = "\(schema).trades where symbol_id = \(symbol)"
    return """
      select 'orders', order_id, 'is_open', 'false', 'true' \(ended) and is_open
      union all
      select 'orders', order_id, 'sequence', '\(origin.sequence) or less', sequence::text
        \(ended) and not is_open and sequence > \(origin.sequence)
      union all
      select 'trades', trade_id, 'sequence', '\(origin.sequence) or less', sequence::text
        from \(trades) and trade_id <= \(origin.trade) and sequence > \(origin.sequence)
      union all
      select 'trades', id, null, null, null from generate_series(1, \(origin.trade)) as id
        where not exists (select from \(trades) and trade_id = id)
      """
  }
}
