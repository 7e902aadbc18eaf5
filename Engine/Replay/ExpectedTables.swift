import Postgres
import Store
import SymbolState
import Wire

/// What a symbol's rows of `orders`, `trades`, `answers` and `positions` ought to be: temporary
/// tables of the same names, written by the projection's own code.
///
/// They begin with the orders that are open at the origin. What had ended by then is not in them:
/// it can no longer be derived, only be checked for what cannot be.
///
/// Its session finds only temporary tables unless a name says otherwise, so that this code cannot
/// reach the exchange's own tables by mistake.
final class ExpectedTables {
  private static let rowsPerWrite = 50_000

  let connection: Connection
  let symbol: UInt32
  /// Where the exchange's own tables are.
  let schema: String
  let origin: Origin
  private let writer: ProjectionWriter
  private var buffer: ProjectionBuffer
  /// How many rows may pend: the more orders are open, the more, so that keeping them costs little.
  private var mostPending: Int

  init(_ symbol: Symbol, from state: borrowing SymbolState, database: String) throws(PostgresError)
  {
    let connection = try Connection(database, name: "outcry-replay \(symbol.name)")
    schema = try connection.query("select quote_ident(current_schema())").text(0, 0)
    try connection.run(
      """
      set work_mem = '64MB';
      create temporary table projections (
        like \(schema).projections including defaults, primary key (symbol_id));
      create temporary table orders (like \(schema).orders);
      create temporary table trades (like \(schema).trades);
      create temporary table answers (like \(schema).answers);
      create temporary table positions (
        like \(schema).positions, primary key (account, symbol_id));
      create temporary table candles (like \(schema).candles including indexes);
      set search_path = pg_temp
      """)
    writer = try ProjectionWriter(symbol: symbol.id, connection: connection)
    origin = Origin(state)
    buffer = ProjectionBuffer(position: state.sequence, open: state.openOrders())
    mostPending = 2 * buffer.pendingRows + ExpectedTables.rowsPerWrite
    self.connection = connection
    self.symbol = symbol.id
    try holdEarlierTrades()
  }

  /// What is held at the origin only the trades from before tell.
  private func holdEarlierTrades() throws(PostgresError) {
    var last: Int64 = 0
    while last < Int64(origin.trade) {
      let rows = try connection.query(
        """
        select trade_id, price, quantity, taker_side, taker_account, maker_account
        from \(schema).trades where symbol_id = $1 and trade_id > $2 and trade_id <= $3
        order by trade_id limit \(ExpectedTables.rowsPerWrite)
        """, .int32(Int32(symbol)), .int64(last), .int64(Int64(origin.trade)))
      guard !rows.isEmpty else { return }
      var trades: [Event] = []
      for row in 0..<rows.count {
        var trade = Event()
        trade.trade_id = UInt64(rows.int64(row, 0))
        trade.price = rows.int64(row, 1)
        trade.quantity = rows.int64(row, 2)
        trade.side = UInt8(rows.int64(row, 3))
        trade.account = UInt64(rows.int64(row, 4))
        trade.maker_account = UInt64(rows.int64(row, 5))
        trades.append(trade)
      }
      last = rows.int64(rows.count - 1, 0)
      try writer.hold(trades)
    }
  }

  func absorb(_ command: Command, _ events: UnsafeBufferPointer<Event>) throws {
    buffer.absorb(command, events)
    guard buffer.pendingRows >= mostPending else { return }
    try writer.append(&buffer, isEnd: false)
    mostPending = 2 * buffer.pendingRows + ExpectedTables.rowsPerWrite
  }

  /// Where the exchange's own tables are.
  struct Position {
    var sequence: UInt64
    /// The table of answers begins behind this one.
    var answersAfter: UInt64
  }

  func livePosition(_ locking: String = "") throws(PostgresError) -> Position {
    let rows = try connection.query(
      """
      select sequence, answers_after from \(schema).projections where symbol_id = $1 \(locking)
      """, .int32(Int32(symbol)))
    guard !rows.isEmpty else { return Position(sequence: 0, answersAfter: 0) }
    return Position(
      sequence: UInt64(bitPattern: rows.int64(0, 0)),
      answersAfter: UInt64(bitPattern: rows.int64(0, 1)))
  }

  /// Runs the body in one transaction, which is undone when it throws.
  func transaction<Outcome>(_ mode: String = "", _ body: () throws -> Outcome) throws -> Outcome {
    try connection.run("begin \(mode)")
    do {
      let outcome = try body()
      try connection.run("commit")
      return outcome
    } catch {
      try? connection.run("rollback")
      throw error
    }
  }

  /// Nothing is absorbed any more: writes what pends. From here on both kinds of tables are met
  /// as a whole, where the writer of a projection looks rows up.
  func complete() throws(PostgresError) {
    try writer.append(&buffer, isEnd: true)
    try dateUntouchedOrders()
    try connection.run(
      """
      reset enable_hashjoin; reset enable_mergejoin; reset enable_seqscan; reset plan_cache_mode;
      analyze pg_temp.orders; analyze pg_temp.trades; analyze pg_temp.answers;
      analyze pg_temp.positions
      """)
  }

  /// Who touched an order last before the origin only its row tells. One that has no row, or a row
  /// that claims to be touched later, is dated by the origin.
  private func dateUntouchedOrders() throws(PostgresError) {
    guard origin.sequence > 0 else { return }
    try connection.run(
      """
      update pg_temp.orders as e set sequence = f.sequence, updated_at = f.updated_at
      from \(schema).orders as f
      where e.sequence = 0 and f.order_id = e.order_id and f.sequence <= \(origin.sequence);
      update pg_temp.orders set sequence = \(origin.sequence), updated_at = \(origin.time)
      where sequence = 0
      """)
  }

  /// The table of answers was made again: it is whole from the origin on.
  func startAnswersAtOrigin() throws(PostgresError) {
    _ = try connection.query(
      """
      update \(schema).projections set answers_after = least(answers_after, $2)
      where symbol_id = $1
      """, .int32(Int32(symbol)), .int64(Int64(origin.sequence)))
  }

  /// Leaves out what a table of answers that begins later cannot have.
  func forgetAnswers(through sequence: UInt64) throws(PostgresError) {
    _ = try connection.query(
      "delete from pg_temp.answers where sequence <= $1", .int64(Int64(sequence)))
  }

  func count(_ table: ComparedTable) throws(PostgresError) -> Int {
    Int(try connection.query("select count(*) from pg_temp.\(table.name)").int64(0, 0))
  }
}
