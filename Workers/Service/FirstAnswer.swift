import API
import FastCGI
import Postgres
import SharedMemory
import Store

/// What an engine does not keep in memory for ever: the answer that a repeated command was given
/// the first time, and the fills that had no room in a mailbox. Both are in the tables.
extension Handler {
  /// Called by the completion thread, when the mailbox is free again; `fills` are those that it
  /// had room for.
  func completeFromTables(_ answer: Answer, _ fills: [Fill], _ waiting: PendingRequest) {
    let (request, market, task) = (waiting.request, waiting.market, waiting.task)
    let account = waiting.account
    if case .control(let kind) = task, kind != .cancelSymbol {
      return finishControl(kind, nil, answer, waiting)
    }
    do throws(APIError) {
      try slowly(.database, request) { worker throws(APIError) in
        let handler = worker.handler
        switch task {
        case .cancelAll, .control:
          let count = try worker.countCancelled(answer, market, account)
          handler.output.clear()
          handler.output.cancelled(count, isDuplicate: true)
          handler.succeed(task.status, request)
        default:
          let (answer, fills) = try worker.completeOrKeep(answer, fills, market, account)
          handler.succeed(task.status, request, answer, fills, market)
        }
      }
    } catch {
      if answer.isDuplicate { return fail(.outcomeUnknown, request) }
      succeed(task.status, request, answer, fills, market)
    }
  }

  private func succeed(
    _ status: Int, _ request: Request, _ answer: Answer, _ fills: [Fill], _ market: Market
  ) {
    output.clear()
    fills.withUnsafeBufferPointer { output.order(answer, fills: $0, entry: market.entry) }
    succeed(status, request)
  }
}

extension Answer {
  var isDuplicate: Bool { AnswerFlags(rawValue: flags).contains(.duplicate) }
}

extension SlowWorker {
  /// `complete`, when the tables can be read. The command was accepted in any case, so it must not
  /// be answered as if nothing had been done: without them an answer goes out as far as it is
  /// known, and of a repeated command nobody knows it.
  func completeOrKeep(
    _ answer: Answer, _ fills: [Fill], _ market: Market, _ account: UInt64
  ) throws(APIError) -> (Answer, [Fill]) {
    do throws(APIError) {
      return try complete(answer, market, account)
    } catch {
      guard error.status == 503 else { throw error }
      if answer.isDuplicate { throw .outcomeUnknown }
      return (answer, fills)
    }
  }

  /// The whole answer to an accepted command of which `answer` says only a part.
  func complete(
    _ answer: Answer, _ market: Market, _ account: UInt64
  ) throws(APIError) -> (Answer, [Fill]) {
    try ReadMark(market, through: answer.sequence).wait()
    let isDuplicate = answer.isDuplicate
    let found = try read { connection throws(PostgresError) -> (Answer, [Fill])? in
      let fills = try Tables.fills(
        of: answer.order_id, at: answer.sequence, connection)
      guard isDuplicate else { return (answer, fills) }
      guard let stored = try Tables.order(answer.order_id, of: account, connection) else {
        return nil
      }
      return (try FirstAnswer.read(at: answer.sequence, stored, fills, connection), fills)
    }
    guard let (found, fills) = found else {
      core.errors.record("a repeated command is not in the tables", cause: "\(answer.order_id)")
      throw .internalError
    }
    var answer = found
    answer.flags = isDuplicate ? AnswerFlags.duplicate.rawValue : 0
    return (answer, fills)
  }

  /// Account 0 stands for all: an operator's command.
  func countCancelled(
    _ answer: Answer, _ market: Market, _ account: UInt64
  ) throws(APIError) -> Int {
    do throws(APIError) {
      try ReadMark(market, through: answer.sequence).wait()
    } catch {
      throw .outcomeUnknown
    }
    return try read { connection throws(PostgresError) in
      let rows = try connection.queryPrepared(
        """
        select count(*) from orders
        where (account = $1 or $1 = 0) and symbol_id = $2 and sequence = $3
        """, .int64(Int64(account)), .int32(Int32(market.entry.symbol.id)),
        .int64(Int64(answer.sequence)))
      return Int(rows.int64(0, 0))
    }
  }
}

/// How an order stood right after a command of its client's, however it changed since.
enum FirstAnswer {
  static func read(
    at sequence: UInt64, _ stored: Tables.StoredOrder, _ fills: [Fill], _ connection: Connection
  ) throws(PostgresError) -> Answer {
    // Nothing touched it since: so it is with every order that the command brought to its end.
    if stored.order.sequence == sequence { return stored.order }
    var answer = stored.order
    answer.sequence = sequence
    if try Tables.restore(&answer, at: sequence, in: stored.symbol, connection) { return answer }
    // Amended by a program that kept no answers.
    guard sequence == stored.createdSequence else { return stored.order }
    // A journal that forgot the command has the terms in the order, unless they were amended.
    let command = try Tables.command(sequence, in: stored.symbol, connection)
    answer.terms = command?.terms ?? stored.order.terms
    placed(&answer, fills)
    return answer
  }

  /// What was touched later was open after its placing. A stop that acted at once has an answer.
  private static func placed(_ answer: inout Answer, _ fills: [Fill]) {
    answer.filled = fills.reduce(0) { $0 + $1.quantity }
    answer.filled_quote = fills.reduce(0) { $0 + $1.quantity * $1.price }
    answer.remaining = answer.terms.quantity - answer.filled
    answer.reason = EndReason.none.rawValue
    let isStop = answer.terms.stop_price != 0
    let status: OrderStatus =
      answer.filled > 0 ? .partiallyFilled : isStop ? .pendingTrigger : .open
    answer.status = status.rawValue
  }
}

extension Tables {
  /// The fills that one command brought to its own order.
  static func fills(
    of order: UInt64, at sequence: UInt64, _ connection: Connection
  ) throws(PostgresError) -> [Fill] {
    let rows = try connection.queryPrepared(
      """
      select trade_id, price, quantity, maker_order_id from trades
      where taker_account = (select account from orders where order_id = $1)
        and time = (select created_at from orders where order_id = $1)
        and taker_order_id = $1 and sequence = $2 and sequence = (taker_order_id & \(sequenceMask))
      union all
      select trade_id, price, quantity, maker_order_id from trades
      where taker_order_id = $1 and sequence = $2
        and sequence <> (taker_order_id & \(sequenceMask))
      union all
      select trade_id, price, quantity, taker_order_id from trades
      where maker_order_id = $1 and sequence = $2
      order by trade_id
      """, .int64(Int64(order)), .int64(Int64(sequence)))
    return (0..<rows.count).map { row in
      Fill(
        trade_id: UInt64(rows.int64(row, 0)), price: rows.int64(row, 1),
        quantity: rows.int64(row, 2), counter_order_id: UInt64(rows.int64(row, 3)))
    }
  }

  /// Gives an order the terms and the state that a command left it with; false when they were not
  /// written down.
  static func restore(
    _ order: inout Answer, at sequence: UInt64, in symbol: UInt32, _ connection: Connection
  ) throws(PostgresError) -> Bool {
    let rows = try connection.query(
      """
      select price, stop_price, quantity, filled, remaining, filled_quote, status, reason
      from answers where symbol_id = $1 and sequence = $2 and order_id = $3
      """, .int32(Int32(symbol)), .int64(Int64(sequence)), .int64(Int64(order.order_id)))
    guard !rows.isEmpty else { return false }
    order.terms.price = rows.int64(0, 0)
    order.terms.stop_price = rows.int64(0, 1)
    order.terms.quantity = rows.int64(0, 2)
    order.filled = rows.int64(0, 3)
    order.remaining = rows.int64(0, 4)
    order.filled_quote = rows.int64(0, 5)
    order.status = UInt8(rows.int64(0, 6))
    order.reason = UInt8(rows.int64(0, 7))
    return true
  }

  /// A command as the journal holds it: one of a row that is named by its first.
  static func command(_ sequence: UInt64, in symbol: UInt32, _ connection: Connection)
    throws(PostgresError) -> Command?
  {
    let rows = try connection.queryPrepared(
      """
      select sequence, format, records from journal where symbol_id = $1 and sequence <= $2
      order by sequence desc limit 1
      """, .int32(Int32(symbol)), .int64(Int64(sequence)))
    guard !rows.isEmpty else { return nil }
    return JournalRow().command(
      sequence, of: rows.bytes(0, 2), format: Int16(rows.int64(0, 1)),
      first: UInt64(rows.int64(0, 0)))
  }
}
