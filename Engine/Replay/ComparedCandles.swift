import Postgres
import Store

/// Candles follow from the table of trades, which is compared before: they are worked out once
/// more from it, in the same transaction, and by other means than the projection's.
extension ExpectedTables {
  private static let columns = ["open", "high", "low", "close", "volume", "trades"]

  /// The earliest difference; nil when the table holds exactly what is expected.
  func firstCandleDifference() throws(PostgresError) -> Difference? {
    try Candles.recompute(from: "\(schema).trades", of: symbol, connection)
    let rows = try connection.query(
      """
      select coalesce(e.start, f.start), coalesce(e.seconds, f.seconds), e.start is null,
        f.start is null, \(list("e")), \(list("f"))
      from pg_temp.candles as e
        full join (select * from \(schema).candles where symbol_id = \(symbol)) as f
        on e.start = f.start and e.seconds = f.seconds
      where row(\(list("e"))) is distinct from row(\(list("f")))
      order by 1, 2 limit 1
      """)
    guard !rows.isEmpty else { return nil }
    let key = Candles.key(start: rows.int64(0, 0), seconds: rows.int64(0, 1))
    if rows.bool(0, 2) { return .rowExtra(table: "candles", key: key) }
    if rows.bool(0, 3) { return .rowMissing(table: "candles", key: key) }
    let columns = ExpectedTables.columns
    for (index, column) in columns.enumerated() {
      let expected = rows.int64(0, 4 + index)
      let found = rows.int64(0, 4 + columns.count + index)
      guard expected != found else { continue }
      return .row(
        table: "candles", key: key, column: column, expected: "\(expected)", found: "\(found)")
    }
    preconditionFailure("two candles differ but none of their columns do")
  }

  /// Makes the candles what the trades say; returns how many rows were wrong, missing or too many.
  func repairCandles() throws(PostgresError) -> Int {
    try Candles.recompute(from: "\(schema).trades", of: symbol, connection)
    let names = "symbol_id, seconds, start, \(ExpectedTables.columns.joined(separator: ", "))"
    let removed = try connection.query(
      """
      delete from \(schema).candles as f where symbol_id = \(symbol) and not exists (
        select from pg_temp.candles as e where e.start = f.start and e.seconds = f.seconds
          and row(\(list("e"))) = row(\(list("f"))))
      """
    ).affected
    let added = try connection.query(
      """
      insert into \(schema).candles (\(names)) select \(names) from pg_temp.candles
      on conflict do nothing
      """
    ).affected
    return max(removed, added)
  }

  private func list(_ alias: String) -> String {
    ExpectedTables.columns.map { "\(alias).\($0)" }.joined(separator: ", ")
  }
}
