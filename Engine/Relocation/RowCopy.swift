import Postgres

/// Carries rows of one symbol from a table to the same table in another database, as they are.
struct RowCopy {
  let source: Connection
  let target: Connection
  let symbol: UInt32

  /// Those that the symbol's past has made, but for its journal.
  static let derived = [
    "orders", "trades", "candles", "answers", "positions", "snapshot_parts", "snapshots",
    "projections",
  ]

  /// All of the symbol's rows for which the condition holds; returns how many. Either all of them
  /// are there when it returns, or none.
  @discardableResult
  func copy(_ table: String, _ rest: String = "") throws -> Int {
    let columns = try columns(of: table)
    let list = columns.joined(separator: ", ")
    let writer = CopyWriter(target)
    var count = 0
    var failure: PostgresError?
    let select = "select \(list) from \(table) where \(condition(table)) \(rest)"
    try source.copyOut(select) { row in
      do throws(PostgresError) {
        if count == 0 { try writer.start(into: "\(table) (\(list))") }
        try writer.startRow(columns: Int16(columns.count))
      } catch {
        failure = error
        return false
      }
      for _ in columns {
        if let field = row.next() { writer.add(field) } else { writer.addNull() }
      }
      count += 1
      return true
    }
    if let failure { throw failure }
    if count > 0 { try writer.finish() }
    return count
  }

  /// In the order both databases agree on: each was made by its own migrations.
  private func columns(of table: String) throws(PostgresError) -> [String] {
    let rows = try target.query(
      """
      select column_name::text from information_schema.columns
      where table_schema = current_schema() and table_name = $1 order by ordinal_position
      """, .text(table))
    return (0..<rows.count).map { rows.text($0, 0) }
  }

  /// Orders have no index by symbol, but ids that begin with it.
  func condition(_ table: String) -> String {
    guard table == "orders" else { return "symbol_id = \(symbol)" }
    return "order_id >= \(Int64(symbol) << 40) and order_id < \(Int64(symbol + 1) << 40)"
  }
}
