import Postgres
import Wire

/// The table of positions follows the trades, in the same transaction: so what an account holds is
/// one row to read, however many trades made it.
extension ProjectionWriter {
  func preparePositions() throws(PostgresError) {
    try connection.prepare(
      "positions",
      """
      select account, quantity::text, cost::text from positions
      where account = any($2) and symbol_id = $1
      """, [.int4, .int8Array])
    try connection.prepare(
      "hold",
      """
      insert into positions (symbol_id, account, quantity, cost)
      select $1, held.* from unnest($2::int8[], string_to_array($3, ',')::numeric[],
        string_to_array($4, ',')::numeric[]) as held
      on conflict (account, symbol_id) do update set
        quantity = excluded.quantity, cost = excluded.cost
      """, [.int4, .int8Array, .text, .text])
  }

  /// The trades are taken in their order, which decides what a position costs. One of an account
  /// with itself changes nothing.
  package func hold(_ trades: [Event]) throws(PostgresError) {
    let trades = trades.filter { $0.account != $0.maker_account }
    guard !trades.isEmpty else { return }
    var positions: [UInt64: Position] = [:]
    for trade in trades {
      positions[trade.account] = Position()
      positions[trade.maker_account] = Position()
    }
    // Always in the same order, so that two writers could never hold what the other waits for.
    let accounts = positions.keys.sorted()
    try readPositions(of: accounts, into: &positions)
    for trade in trades {
      guard let side = Side(rawValue: trade.side) else { preconditionFailure("a trade's side") }
      positions[trade.account]!.trade(side, trade.quantity, at: trade.price)
      positions[trade.maker_account]!.trade(side.opposite, trade.quantity, at: trade.price)
    }
    parameters.removeAll()
    parameters.add(Int32(symbol))
    parameters.addInt64s(count: accounts.count) { Int64(accounts[$0]) }
    parameters.add(accounts.map { "\(positions[$0]!.quantity)" }.joined(separator: ","))
    parameters.add(accounts.map { "\(positions[$0]!.cost)" }.joined(separator: ","))
    _ = try connection.execute("hold", parameters)
  }

  private func readPositions(
    of accounts: [UInt64], into positions: inout [UInt64: Position]
  ) throws(PostgresError) {
    parameters.removeAll()
    parameters.add(Int32(symbol))
    parameters.addInt64s(count: accounts.count) { Int64(accounts[$0]) }
    let rows = try connection.execute("positions", parameters)
    for row in 0..<rows.count {
      guard let quantity = Int128(rows.text(row, 1)), let cost = Int128(rows.text(row, 2)) else {
        throw PostgresError(
          state: "", message: "the position of account \(rows.int64(row, 0)) is no integer",
          call: "project", connectionLost: false)
      }
      positions[UInt64(rows.int64(row, 0))] = Position(quantity: quantity, cost: cost)
    }
  }
}
