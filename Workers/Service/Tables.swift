import API
import Postgres
import SharedMemory

/// The statements that read history, and how their rows become what the API writes.
enum Tables {
  static let orderColumns = """
    order_id, account, price, stop_price, quantity, quote_quantity, display_quantity, expires_at,
    filled, remaining, filled_quote, created_at, updated_at, created_sequence, sequence, symbol_id,
    side, type, time_in_force, self_trade_prevention, flags, status, reason, client_order_id
    """

  struct StoredOrder {
    var symbol: UInt32
    var order: Answer
    var createdSequence: UInt64
  }

  /// A row of `orderColumns` as the record that an engine answers with.
  static func order(_ rows: borrowing Rows, _ row: Int) -> StoredOrder {
    var order = Answer()
    order.version = UInt16(OUTCRY_RESULT_VERSION)
    order.order_id = UInt64(rows.int64(row, 0))
    order.terms.price = rows.int64(row, 2)
    order.terms.stop_price = rows.int64(row, 3)
    order.terms.quantity = rows.int64(row, 4)
    order.terms.quote_quantity = rows.int64(row, 5)
    order.terms.display_quantity = rows.int64(row, 6)
    order.terms.expires_at = rows.int64(row, 7)
    order.filled = rows.int64(row, 8)
    order.remaining = rows.int64(row, 9)
    order.filled_quote = rows.int64(row, 10)
    order.created_at = rows.int64(row, 11)
    order.time = rows.int64(row, 12)
    order.sequence = UInt64(rows.int64(row, 14))
    order.side = UInt8(rows.int64(row, 16))
    order.type = UInt8(rows.int64(row, 17))
    order.time_in_force = UInt8(rows.int64(row, 18))
    order.self_trade_prevention = UInt8(rows.int64(row, 19))
    order.order_flags = UInt8(rows.int64(row, 20))
    order.status = UInt8(rows.int64(row, 21))
    order.reason = UInt8(rows.int64(row, 22))
    if let key = rows.optionalText(row, 23) {
      order.key_length = UInt8(min(key.utf8.count, Command.keyCapacity))
      withUnsafeMutableBytes(of: &order.key) {
        $0.copyBytes(from: key.utf8.prefix(Command.keyCapacity))
      }
    }
    return StoredOrder(
      symbol: UInt32(rows.int64(row, 15)), order: order,
      createdSequence: UInt64(rows.int64(row, 13)))
  }

  static func order(_ id: UInt64, of account: UInt64, _ connection: Connection)
    throws(PostgresError) -> StoredOrder?
  {
    let rows = try connection.queryPrepared(
      "select \(orderColumns) from orders where order_id = $1 and account = $2",
      .int64(Int64(id)), .int64(Int64(account)))
    return rows.isEmpty ? nil : order(rows, 0)
  }

  /// Newest first. `before` names the last order of the page before: its place in the order of
  /// creation does not change, so pages fit together whatever happens between them. Nil when the
  /// account has no such order; `place` is its time, where another shard has it.
  static func orders(
    _ query: OrdersQuery, symbol: UInt32?, among symbols: [Int64]?, of account: UInt64,
    from place: Int64?, _ connection: Connection
  ) throws(PostgresError) -> (rows: [StoredOrder], place: Int64?)? {
    var conditions = ["account = $1"]
    let values = Parameters()
    values.add(Int64(account))
    func require(_ condition: (String) -> String, _ add: (Parameters) -> Void) {
      add(values)
      conditions.append(condition("$\(values.count)"))
    }
    if let symbol { require({ "symbol_id = \($0)" }, { $0.add(Int32(symbol)) }) }
    if let symbols { require({ "symbol_id = any(\($0))" }, { $0.add(.int64s(symbols)) }) }
    switch query.status {
    case .open: conditions.append("is_open")
    case .closed: conditions.append("not is_open")
    case .all: break
    }
    if let key = query.clientOrderId { require({ "client_order_id = \($0)" }, { $0.add(key) }) }
    var begin = place
    if let before = query.page.before {
      if begin == nil { begin = try creation(of: before, of: account, connection) }
      guard let created = begin else { return nil }
      // The time by itself is what the index is entered with.
      require({ "created_at <= \($0)" }, { $0.add(created) })
      let time = "$\(values.count)"
      require({ "(created_at, order_id) < (\(time), \($0))" }, { $0.add(Int64(before)) })
    }
    values.add(Int64(query.page.limit))
    let rows = try connection.queryPrepared(
      """
      select \(orderColumns) from orders where \(conditions.joined(separator: " and "))
      order by created_at desc, order_id desc limit $\(values.count)
      """, values)
    return ((0..<rows.count).map { order(rows, $0) }, begin)
  }

  private static func creation(of order: UInt64, of account: UInt64, _ connection: Connection)
    throws(PostgresError) -> Int64?
  {
    let rows = try connection.queryPrepared(
      "select created_at from orders where order_id = $1 and account = $2",
      .int64(Int64(order)), .int64(Int64(account)))
    return rows.isEmpty ? nil : rows.int64(0, 0)
  }

  /// How many fills of each order a list shows: a page must not become as large as the tape.
  static let fillsInLists = 100

  /// What of an order's id is the sequence of the command that placed it. It stands in the
  /// condition of the index `trades_taker_later`.
  static let sequenceMask = 1 << OrderID.sequenceBits - 1

  /// The fills of these orders, oldest first, and of each at most so many. What an order took when
  /// it was placed is found by its account and that time, what it took later by its id.
  static func fills(of orders: [UInt64], atMost limit: Int = .max, _ connection: Connection)
    throws(PostgresError) -> [UInt64: [FillRow]]
  {
    guard !orders.isEmpty else { return [:] }
    let rows = try connection.queryPrepared(
      """
      select wanted.order_id, fill.* from
        (select order_id, account, created_at from orders where order_id = any($1)) as wanted
        cross join lateral (
          (select false as is_maker, trade_id, price, quantity, maker_order_id from trades
            where taker_account = wanted.account and time = wanted.created_at
              and taker_order_id = wanted.order_id
              and sequence = (taker_order_id & \(sequenceMask))
            order by trade_id limit $2)
          union all
          (select false, trade_id, price, quantity, maker_order_id from trades
            where taker_order_id = wanted.order_id
              and sequence <> (taker_order_id & \(sequenceMask))
            order by trade_id limit $2)
          union all
          (select true, trade_id, price, quantity, taker_order_id from trades
            where maker_order_id = wanted.order_id order by trade_id limit $2)
          order by trade_id limit $2) as fill
      """, .int64s(orders.map(Int64.init)), .int64(Int64(limit)))
    var found: [UInt64: [FillRow]] = [:]
    for row in 0..<rows.count {
      let fill = Fill(
        trade_id: UInt64(rows.int64(row, 2)), price: rows.int64(row, 3),
        quantity: rows.int64(row, 4), counter_order_id: UInt64(rows.int64(row, 5)))
      found[UInt64(rows.int64(row, 0)), default: []].append(
        FillRow(fill, isMaker: rows.bool(row, 1)))
    }
    return found
  }

  /// The tape, newest first.
  static func trades(_ page: Page, of symbol: UInt32, _ connection: Connection)
    throws(PostgresError) -> [TradeRow]
  {
    let rows = try connection.queryPrepared(
      """
      select trade_id, price, quantity, taker_side, time, sequence from trades
      where symbol_id = $1 and trade_id < $2 order by trade_id desc limit $3
      """, .int32(Int32(symbol)), .int64(page.before.map(Int64.init) ?? .max),
      .int64(Int64(page.limit)))
    return (0..<rows.count).map { row in
      TradeRow(
        tradeID: UInt64(rows.int64(row, 0)), price: rows.int64(row, 1),
        quantity: rows.int64(row, 2), side: Side(rawValue: UInt8(rows.int64(row, 3))) ?? .buy,
        time: rows.int64(row, 4), sequence: UInt64(rows.int64(row, 5)))
    }
  }
}
