import API
import Accounts
import Postgres
import SharedMemory

/// What the tables hold of one account besides its orders.
extension Tables {
  struct OwnTrade {
    var symbol: UInt32
    var orderID: UInt64
    var side: Side
    var time: Int64
    var fill: FillRow
  }

  /// An account's trades, newest first; one with itself counts twice and stays on one page. Each
  /// place in the list is (time, symbol, trade), which never changes and, within a symbol, only
  /// grows: so pages fit together whatever happens between them. Nil when there is no such trade
  /// to begin behind; `place` is its time, where another shard has it.
  static func ownTrades(
    _ page: Page, symbol: UInt32?, among symbols: [Int64]?, of account: UInt64,
    from place: Int64?, _ connection: Connection
  ) throws(PostgresError) -> (rows: [OwnTrade], next: UInt64?, place: Int64?)? {
    let values = Parameters()
    values.add(Int64(account))
    values.add(Int64(page.limit))
    var filter = ""
    if let symbol {
      values.add(Int32(symbol))
      filter += " and symbol_id = $\(values.count)"
    }
    if let symbols {
      values.add(.int64s(symbols))
      filter += " and symbol_id = any($\(values.count))"
    }
    var begin = place
    if let before = page.before {
      let cursor = TradeCursor.parts(before)
      guard cursor.symbol == 0 || symbol == nil || cursor.symbol == symbol,
        let of = cursor.symbol == 0 ? symbol : cursor.symbol
      else { return nil }
      if begin == nil { begin = try time(of: cursor.trade, in: of, connection) }
      guard let time = begin else { return nil }
      values.add(time)
      values.add(Int32(of))
      values.add(Int64(cursor.trade))
      let first = values.count - 2
      // The time by itself is what the index is entered with.
      filter += """
         and time <= $\(first)
        and (time, symbol_id, trade_id) < ($\(first), $\(first + 1), $\(first + 2))
        """
    }
    let order = "order by time desc, symbol_id desc, trade_id desc limit $2"
    let rows = try connection.queryPrepared(
      """
      select symbol_id, trade_id, time, price, quantity, taker_side, taker_order_id,
        maker_order_id, taker_account = $1, maker_account = $1
      from (
        (select * from trades where taker_account = $1\(filter) \(order))
        union
        (select * from trades where maker_account = $1\(filter) \(order))
      ) as own \(order)
      """, values)
    var found: [OwnTrade] = []
    for row in 0..<rows.count { append(rows, row, to: &found) }
    guard rows.count == page.limit, let last = found.last else { return (found, nil, begin) }
    let trade = last.fill.fill.trade_id
    let next = symbol == nil ? TradeCursor.make(symbol: last.symbol, trade: trade) : trade
    return (found, next, begin)
  }

  /// A condition on the symbols, which are numbers of our own.
  static func own(_ symbols: [Int64]?) -> String {
    guard let symbols else { return "" }
    let list = symbols.map { "\($0)" }.joined(separator: ",")
    return " and symbol_id = any('{\(list)}'::int[])"
  }

  private static func time(
    of trade: UInt64, in symbol: UInt32, _ connection: Connection
  ) throws(PostgresError) -> Int64? {
    let rows = try connection.queryPrepared(
      "select time from trades where symbol_id = $1 and trade_id = $2", .int32(Int32(symbol)),
      .int64(Int64(trade)))
    return rows.isEmpty ? nil : rows.int64(0, 0)
  }

  private static func append(_ rows: borrowing Rows, _ row: Int, to found: inout [OwnTrade]) {
    let taker = UInt64(rows.int64(row, 6))
    let maker = UInt64(rows.int64(row, 7))
    let side = Side(rawValue: UInt8(rows.int64(row, 5))) ?? .buy
    for isMaker in [false, true] where rows.bool(row, isMaker ? 9 : 8) {
      let fill = Fill(
        trade_id: UInt64(rows.int64(row, 1)), price: rows.int64(row, 3),
        quantity: rows.int64(row, 4), counter_order_id: isMaker ? taker : maker)
      found.append(
        OwnTrade(
          symbol: UInt32(rows.int64(row, 0)), orderID: isMaker ? maker : taker,
          side: isMaker ? side.opposite : side, time: rows.int64(row, 2),
          fill: FillRow(fill, isMaker: isMaker)))
    }
  }

  /// Without what it holds; nil when the account is gone.
  static func account(_ identity: Identity, _ connection: Connection) throws(PostgresError)
    -> AccountRow?
  {
    let rows = try connection.queryPrepared(
      "select name, created_at from accounts where id = $1", .int64(Int64(identity.account)))
    guard !rows.isEmpty else { return nil }
    return AccountRow(
      account: identity.account, name: rows.text(0, 0), createdAt: rows.int64(0, 1),
      permission: identity.mayTrade ? .trading : .readOnly, openOrders: 0, positions: [])
  }

  /// Open orders and positions, as this shard knows of them. May be run twice.
  static func addHoldings(
    to row: inout AccountRow?, among symbols: [Int64]?, _ table: MarketTable,
    _ connection: Connection
  ) throws(PostgresError) {
    guard let id = row?.account else { return }
    let account = Value.int64(Int64(id))
    let own = Tables.own(symbols)
    let open = try connection.query(
      "select count(*) from orders where account = $1 and is_open\(own)", account)
    let held = try connection.query(
      """
      select symbol_id, quantity::text, cost::text from positions
      where account = $1 and quantity <> 0\(own) order by symbol_id
      """, account)
    var positions: [PositionRow] = []
    for row in 0..<held.count {
      guard let market = table[UInt32(held.int64(row, 0))],
        let quantity = Int128(held.text(row, 1)), let cost = Int128(held.text(row, 2))
      else { continue }
      positions.append(PositionRow(entry: market.entry, quantity: quantity, cost: cost))
    }
    row?.openOrders = open.int64(0, 0)
    row?.positions = positions
  }
}
