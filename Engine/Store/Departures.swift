import Postgres
import Wire

/// Symbols that left this database for another shard's. No engine may go on with what is still here
/// of their journals.
public enum Departures {
  public struct Departure: Hashable, Sendable {
    public var target: Int
    /// Of the last command here.
    public var sequence: UInt64
  }

  /// Before the journal is fenced off, when its end is not known yet.
  public static func add(_ symbol: UInt32, to target: Int, _ connection: Connection)
    throws(PostgresError)
  {
    _ = try connection.query(
      """
      insert into departures (symbol_id, target, sequence) values ($1, $2, 0)
      on conflict (symbol_id) do update set target = $2
      """, .int32(Int32(symbol)), .int32(Int32(target)))
  }

  public static func note(_ end: UInt64, of symbol: UInt32, _ connection: Connection)
    throws(PostgresError)
  {
    _ = try connection.query(
      "update departures set sequence = $2 where symbol_id = $1", .int32(Int32(symbol)),
      .int64(Int64(end)))
  }

  /// It comes back, or stays.
  public static func remove(_ symbol: UInt32, _ connection: Connection) throws(PostgresError) {
    _ = try connection.query(
      "delete from departures where symbol_id = $1", .int32(Int32(symbol)))
  }

  public static func find(_ symbol: UInt32, _ connection: Connection) throws(PostgresError)
    -> Departure?
  {
    let rows = try connection.query(
      "select target, sequence from departures where symbol_id = $1", .int32(Int32(symbol)))
    guard !rows.isEmpty else { return nil }
    return Departure(target: Int(rows.int64(0, 0)), sequence: UInt64(rows.int64(0, 1)))
  }
}
