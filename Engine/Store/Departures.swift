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

  public static func find(_ symbol: UInt32, _ connection: Connection) throws(PostgresError)
    -> Departure?
  {
    let rows = try connection.query(
      "select target, sequence from departures where symbol_id = $1", .int32(Int32(symbol)))
    guard !rows.isEmpty else { return nil }
    return Departure(target: Int(rows.int64(0, 0)), sequence: UInt64(rows.int64(0, 1)))
  }
}
