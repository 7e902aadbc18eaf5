import Postgres
import Wire

/// How the tables are written: new rows by COPY, changes by one statement for all of them.
extension ProjectionWriter {
  func prepareStatements() throws(PostgresError) {
    try connection.prepare(
      "move", "update projections set sequence = $3 where symbol_id = $1 and sequence = $2",
      [.int4, .int8, .int8])
    try connection.prepare(
      "change",
      """
      update orders as o set
        filled = o.filled + c.filled, filled_quote = o.filled_quote + c.filled_quote,
        remaining = c.remaining, updated_at = c.updated_at, sequence = c.sequence,
        status = case c.status
          when \(ProjectedOrder.Status.unchanged) then o.status
          when \(ProjectedOrder.Status.live) then case when o.filled + c.filled > 0
            then \(OrderStatus.partiallyFilled.rawValue) else \(OrderStatus.open.rawValue) end
          else c.status end,
        reason = c.reason,
        is_open = c.is_open <> 0
      from unnest($1::int8[], $2::int8[], $3::int8[], $4::int8[], $5::int8[], $6::int8[],
        $7::int2[], $8::int2[], $9::int2[])
        as c (order_id, filled, filled_quote, remaining, updated_at, sequence, status, reason,
          is_open)
      where o.order_id = c.order_id
      """,
      Array(repeating: .int8Array, count: 6) + Array(repeating: .int2Array, count: 3))
    try connection.prepare(
      "amend",
      """
      update orders as o set
        price = coalesce(nullif(c.price, 0), o.price),
        stop_price = coalesce(nullif(c.stop_price, 0), o.stop_price),
        quantity = coalesce(nullif(c.quantity, 0), o.quantity)
      from unnest($1::int8[], $2::int8[], $3::int8[], $4::int8[])
        as c (order_id, price, stop_price, quantity)
      where o.order_id = c.order_id
      """, Array(repeating: .int8Array, count: 4))
  }

  private static let orderColumns = """
    orders (order_id, account, price, stop_price, quantity, quote_quantity, display_quantity,
      expires_at, filled, remaining, filled_quote, created_at, updated_at, created_sequence,
      sequence, symbol_id, side, type, time_in_force, self_trade_prevention, flags, status,
      reason, is_open, client_order_id)
    """

  func copyOrders(
    _ buffer: borrowing ProjectionBuffer, where isWanted: (ProjectedOrder) -> Bool = \.isNew
  ) throws(PostgresError) {
    guard buffer.orders.contains(where: isWanted) else { return }
    try copy.start(into: Self.orderColumns)
    for order in buffer.orders where isWanted(order) { try copyRow(order) }
    try copy.finish()
  }

  private func copyRow(_ order: ProjectedOrder) throws(PostgresError) {
    try copy.startRow(columns: 25)
    copy.add(Int64(order.id))
    copy.add(Int64(order.account))
    copy.add(order.terms.price)
    copy.add(order.terms.stop_price)
    copy.add(order.terms.quantity)
    copy.add(order.terms.quote_quantity)
    copy.add(order.terms.display_quantity)
    copy.add(order.terms.expires_at)
    copy.add(order.filled)
    copy.add(order.remaining)
    copy.add(order.filledQuote)
    copy.add(order.createdAt)
    copy.add(order.updatedAt)
    copy.add(Int64(order.createdSequence))
    copy.add(Int64(order.sequence))
    copy.add(Int32(symbol))
    copy.add(Int16(order.side))
    copy.add(Int16(order.type))
    copy.add(Int16(order.timeInForce))
    copy.add(Int16(order.selfTradePrevention))
    copy.add(Int16(order.flags))
    copy.add(Int16(order.storedStatus))
    copy.add(Int16(order.reason))
    copy.add(ProjectedOrder.isOpen(order.storedStatus))
    if order.keyLength == 0 {
      copy.addNull()
    } else {
      withUnsafeBytes(of: order.key) {
        copy.add(UnsafeRawBufferPointer(rebasing: $0[..<Int(order.keyLength)]))
      }
    }
  }

  func copyTrades(_ buffer: borrowing ProjectionBuffer) throws(PostgresError) {
    guard !buffer.trades.isEmpty else { return }
    try copy.start(
      into: """
        trades (trade_id, sequence, time, price, quantity, taker_order_id, maker_order_id,
          taker_account, maker_account, symbol_id, taker_side)
        """)
    for trade in buffer.trades {
      try copy.startRow(columns: 11)
      copy.add(Int64(trade.trade_id))
      copy.add(Int64(trade.sequence))
      copy.add(trade.time)
      copy.add(trade.price)
      copy.add(trade.quantity)
      copy.add(Int64(trade.order_id))
      copy.add(Int64(trade.maker_order_id))
      copy.add(Int64(trade.account))
      copy.add(Int64(trade.maker_account))
      copy.add(Int32(symbol))
      copy.add(Int16(trade.side))
    }
    try copy.finish()
  }

  func copyAnswers(_ buffer: borrowing ProjectionBuffer) throws(PostgresError) {
    guard !buffer.answers.isEmpty else { return }
    try copy.start(
      into: """
        answers (sequence, order_id, price, stop_price, quantity, filled, remaining, filled_quote,
          symbol_id, status, reason)
        """)
    for answer in buffer.answers {
      try copy.startRow(columns: 11)
      copy.add(Int64(answer.sequence))
      copy.add(Int64(answer.id))
      copy.add(answer.terms.price)
      copy.add(answer.terms.stop_price)
      copy.add(answer.terms.quantity)
      copy.add(answer.filled)
      copy.add(answer.remaining)
      copy.add(answer.filledQuote)
      copy.add(Int32(symbol))
      copy.add(Int16(answer.storedStatus))
      copy.add(Int16(answer.reason))
    }
    try copy.finish()
  }

  func changeOrders(_ buffer: borrowing ProjectionBuffer) throws(PostgresError) {
    // By key, so that neighbours in the table are met together.
    let changed = buffer.orders.filter { !$0.isNew }.sorted { $0.id < $1.id }
    guard !changed.isEmpty else { return }
    let count = changed.count
    parameters.removeAll()
    parameters.addInt64s(count: count) { Int64(changed[$0].id) }
    parameters.addInt64s(count: count) { changed[$0].filled }
    parameters.addInt64s(count: count) { changed[$0].filledQuote }
    parameters.addInt64s(count: count) { changed[$0].remaining }
    parameters.addInt64s(count: count) { changed[$0].updatedAt }
    parameters.addInt64s(count: count) { Int64(changed[$0].sequence) }
    parameters.addInt16s(count: count) { Int16(changed[$0].status) }
    parameters.addInt16s(count: count) { Int16(changed[$0].reason) }
    parameters.addInt16s(count: count) { ProjectedOrder.isOpen(changed[$0].status) ? 1 : 0 }
    let found = try connection.execute("change", parameters).affected
    guard found == count else {
      throw PostgresError(
        state: "", message: "\(count - found) orders to change are not in the table",
        call: "project", connectionLost: false)
    }

    let amended = changed.filter(\.isAmended)
    guard !amended.isEmpty else { return }
    parameters.removeAll()
    parameters.addInt64s(count: amended.count) { Int64(amended[$0].id) }
    parameters.addInt64s(count: amended.count) { amended[$0].terms.price }
    parameters.addInt64s(count: amended.count) { amended[$0].terms.stop_price }
    parameters.addInt64s(count: amended.count) { amended[$0].terms.quantity }
    _ = try connection.execute("amend", parameters)
  }

  /// Halts and rule changes are commands like any other; the table of symbols follows them.
  func changeSymbol(_ buffer: borrowing ProjectionBuffer) throws(PostgresError) {
    if let state = buffer.state {
      _ = try connection.query(
        "update symbols set state = $2 where id = $1", .int32(Int32(symbol)),
        .int16(Int16(state)))
    }
    if let rules = buffer.rules { try Symbols.store(rules, of: symbol, connection) }
  }
}
