import Postgres
import Store
import Wire

/// What a symbol's rows of `orders` and `trades` ought to be: temporary tables of the same names,
/// written by the projection's own code.
///
/// Its session finds only temporary tables unless a name says otherwise, so that this code cannot
/// reach the exchange's own tables by mistake.
final class ExpectedTables {
  private static let rowsPerWrite = 50_000

  let connection: Connection
  let symbol: UInt32
  /// Where the exchange's own tables are.
  let schema: String
  private let writer: ProjectionWriter
  private var buffer = ProjectionBuffer(position: 0)
  /// How many rows may pend: the more orders are open, the more, so that keeping them costs little.
  private var mostPending = ExpectedTables.rowsPerWrite

  init(_ symbol: Symbol, database: String) throws(PostgresError) {
    let connection = try Connection(database, name: "outcry-replay \(symbol.name)")
    schema = try connection.query("select quote_ident(current_schema())").text(0, 0)
    try connection.run(
      """
      set work_mem = '64MB';
      create temporary table projections (
        like \(schema).projections including defaults, primary key (symbol_id));
      create temporary table orders (like \(schema).orders);
      create temporary table trades (like \(schema).trades);
      set search_path = pg_temp
      """)
    writer = try ProjectionWriter(symbol: symbol.id, connection: connection)
    self.connection = connection
    self.symbol = symbol.id
  }

  func absorb(_ command: Command, _ events: UnsafeBufferPointer<Event>) throws {
    buffer.absorb(command, events)
    guard buffer.pendingRows >= mostPending else { return }
    try writer.append(&buffer, isEnd: false)
    mostPending = 2 * buffer.pendingRows + ExpectedTables.rowsPerWrite
  }

  /// The sequence the exchange's own tables are at.
  func livePosition(_ locking: String = "") throws(PostgresError) -> UInt64 {
    let rows = try connection.query(
      "select sequence from \(schema).projections where symbol_id = $1 \(locking)",
      .int32(Int32(symbol)))
    return rows.isEmpty ? 0 : UInt64(bitPattern: rows.int64(0, 0))
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
    try connection.run(
      """
      reset enable_hashjoin; reset enable_mergejoin; reset enable_seqscan; reset plan_cache_mode;
      analyze pg_temp.orders; analyze pg_temp.trades
      """)
  }

  func count(_ table: ComparedTable) throws(PostgresError) -> Int {
    Int(try connection.query("select count(*) from pg_temp.\(table.name)").int64(0, 0))
  }
}
