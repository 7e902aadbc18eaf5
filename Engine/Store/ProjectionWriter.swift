import Postgres
import Wire

public enum ProjectionError: Error, CustomStringConvertible {
  /// Somebody else has moved the tables on; this engine's picture of them is void.
  case overtaken(position: UInt64)
  case database(PostgresError)

  public var description: String {
    switch self {
    case .overtaken(let position): "the tables were moved to \(position) by somebody else"
    case .database(let error): "\(error)"
    }
  }
}

/// Writes one symbol's collapsed events into `orders`, `trades`, `candles`, `answers` and
/// `positions`, exactly once: the position in `projections` moves in the same transaction. One
/// thread, one connection.
///
/// The commit waits for the disk although the tables could be made again from the journal: were
/// it to wait not, a crash of PostgreSQL could take the tables back behind what this engine has
/// already let go of. One wait for a whole batch costs next to nothing.
public final class ProjectionWriter {
  let connection: Connection
  let copy: CopyWriter
  let parameters = Parameters(capacity: 1 << 16)
  public let symbol: UInt32
  /// Called between pieces of a write, as `CopyWriter.afterChunk`.
  public var afterChunk: (() -> Void)? {
    get { copy.afterChunk }
    set { copy.afterChunk = newValue }
  }

  public init(symbol: UInt32, connection: Connection) throws(PostgresError) {
    self.symbol = symbol
    self.connection = connection
    copy = CopyWriter(connection)
    // The orders to change are few among many: looking each up by its key is always right, and
    // must not depend on when the tables were last analysed.
    try connection.run(
      """
      set enable_hashjoin = off; set enable_mergejoin = off; set enable_seqscan = off;
      set plan_cache_mode = force_generic_plan
      """)
    try prepareStatements()
    try preparePositions()
    try prepareCandles()
    _ = try connection.query(
      "insert into projections (symbol_id, sequence) values ($1, 0) on conflict do nothing",
      .int32(Int32(symbol)))
  }

  /// The sequence the tables are at.
  public func position() throws(PostgresError) -> UInt64 {
    try ProjectionWriter.position(of: symbol, connection)
  }

  /// The same for somebody who only reads.
  public static func position(of symbol: UInt32, _ connection: Connection)
    throws(PostgresError) -> UInt64
  {
    let rows = try connection.query(
      "select sequence from projections where symbol_id = $1", .int32(Int32(symbol)))
    return rows.isEmpty ? 0 : UInt64(rows.int64(0, 0))
  }

  /// Stores the buffer and empties it. After an error it is as before; on a new connection, with
  /// a new writer, the same call finds out whether it was stored and goes on from there.
  public func write(_ buffer: inout ProjectionBuffer) throws(ProjectionError) {
    guard !buffer.isEmpty else { return }
    var moved = false
    do {
      try connection.transaction { () throws(PostgresError) in
        moved = try store(buffer)
      }
      if !moved {
        let found = try position()
        // Stored by an earlier call whose answer got lost.
        guard found == buffer.lastSequence else {
          throw ProjectionError.overtaken(position: found)
        }
      }
    } catch let error as PostgresError {
      throw .database(error)
    } catch let error as ProjectionError {
      throw error
    } catch { preconditionFailure("\(error)") }
    buffer.removeAll()
  }

  /// For a buffer that has absorbed the journal from its start: adds trades (their candles are left
  /// to `Candles.recompute`) and the orders that have ended, which will not change again, and keeps
  /// the rest for later. At the end of the journal the open ones are added too. The position does
  /// not move.
  package func append(_ buffer: inout ProjectionBuffer, isEnd: Bool) throws(PostgresError) {
    precondition(buffer.orders.allSatisfy(\.isNew), "orders from before the buffer")
    try copyOrders(buffer) { isEnd || !ProjectedOrder.isOpen($0.storedStatus) }
    try copyTrades(buffer)
    try copyAnswers(buffer)
    try hold(buffer.trades)
    if isEnd { buffer.removeAll() } else { buffer.removeEnded() }
  }

  /// False when the tables are not where the buffer begins; nothing is written then.
  private func store(_ buffer: borrowing ProjectionBuffer) throws(PostgresError) -> Bool {
    guard try move(from: buffer.position, to: buffer.lastSequence) else { return false }
    try copyOrders(buffer)
    try copyTrades(buffer)
    try writeCandles(buffer)
    try copyAnswers(buffer)
    try hold(buffer.trades)
    try changeOrders(buffer)
    try changeSymbol(buffer)
    return true
  }

  /// Removes everything of the symbol, to be made again from the journal.
  public func erase() throws(PostgresError) {
    let first = Int64(OrderID.make(symbol: symbol, sequence: 0))
    let next = first + 1 << OrderID.sequenceBits
    try connection.transaction { () throws(PostgresError) in
      _ = try connection.query(
        "delete from orders where order_id >= $1 and order_id < $2", .int64(first), .int64(next))
      for table in ["trades", "candles", "answers", "positions"] {
        _ = try connection.query(
          "delete from \(table) where symbol_id = $1", .int32(Int32(symbol)))
      }
      _ = try connection.query(
        "update projections set sequence = 0 where symbol_id = $1", .int32(Int32(symbol)))
    }
  }

  /// Whether the tables were where they were thought to be. The row's lock keeps everybody else
  /// out until the commit.
  private func move(from position: UInt64, to sequence: UInt64) throws(PostgresError) -> Bool {
    parameters.removeAll()
    parameters.add(Int32(symbol))
    parameters.add(Int64(position))
    parameters.add(Int64(sequence))
    return try connection.execute("move", parameters).affected == 1
  }
}
