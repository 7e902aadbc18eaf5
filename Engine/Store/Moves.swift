import Postgres
import Wire

/// A symbol on its way from one shard to another, as the database of the symbols remembers it. Each
/// step may be done twice; so whoever finds a move can go on with it.
public struct StoredMove: Hashable, Sendable {
  public enum Step: Int16, Sendable {
    /// What the source has is being copied while it trades.
    case copying = 0
    /// Its engine stops and is fenced off; the rest is copied.
    case stopping
    /// The target has everything.
    case complete
    /// The symbol lives at the target; what the source still has goes.
    case moved
  }

  public var symbol: UInt32
  public var source: Int
  public var target: Int
  public var step: Step

  public init(symbol: UInt32, source: Int, target: Int, step: Step) {
    self.symbol = symbol
    self.source = source
    self.target = target
    self.step = step
  }
}

public enum Moves {
  /// Any number that nobody else locks together with a symbol's.
  private static let lock = 0x4F43_4D56

  /// Whether this session is the only one that moves the symbol, until it ends.
  public static func claim(_ symbol: UInt32, _ connection: Connection) throws(PostgresError) -> Bool
  {
    try connection.query("select pg_try_advisory_lock(\(lock), $1)", .int32(Int32(symbol)))
      .bool(0, 0)
  }

  public static func release(_ symbol: UInt32, _ connection: Connection) throws(PostgresError) {
    _ = try connection.query("select pg_advisory_unlock(\(lock), $1)", .int32(Int32(symbol)))
  }

  /// The symbol stays at the source, whose journal is no longer closed. Only with the claim, and
  /// before it has moved.
  public static func undo(
    _ symbol: UInt32, _ connection: Connection, source: Connection
  ) throws(PostgresError) {
    try Departures.remove(symbol, source)
    try end(symbol, connection)
  }

  public static func find(_ symbol: UInt32, _ connection: Connection) throws(PostgresError)
    -> StoredMove?
  {
    let rows = try connection.query(
      "select source, target, step from moves where symbol_id = $1", .int32(Int32(symbol)))
    guard !rows.isEmpty, let step = StoredMove.Step(rawValue: Int16(rows.int64(0, 2))) else {
      return nil
    }
    return StoredMove(
      symbol: symbol, source: Int(rows.int64(0, 0)), target: Int(rows.int64(0, 1)), step: step)
  }

  /// Those that are on their way, or were left there.
  public static func symbols(_ connection: Connection) throws(PostgresError) -> Set<UInt32> {
    let rows = try connection.query("select symbol_id from moves")
    return Set((0..<rows.count).map { UInt32(rows.int64($0, 0)) })
  }

  public static func begin(_ move: StoredMove, _ connection: Connection) throws(PostgresError) {
    _ = try connection.query(
      "insert into moves (symbol_id, source, target, step) values ($1, $2, $3, $4)",
      .int32(Int32(move.symbol)), .int32(Int32(move.source)), .int32(Int32(move.target)),
      .int16(move.step.rawValue))
  }

  /// The managers hear of it. With the last step the symbol is the target's.
  public static func advance(
    _ symbol: UInt32, to step: StoredMove.Step, _ connection: Connection
  ) throws(PostgresError) {
    try connection.transaction { () throws(PostgresError) in
      if step == .moved {
        _ = try connection.query(
          """
          update symbols set shard = m.target from moves as m
          where symbols.id = $1 and m.symbol_id = $1
          """, .int32(Int32(symbol)))
      }
      _ = try connection.query(
        "update moves set step = $2 where symbol_id = $1", .int32(Int32(symbol)),
        .int16(step.rawValue))
    }
  }

  public static func end(_ symbol: UInt32, _ connection: Connection) throws(PostgresError) {
    _ = try connection.query("delete from moves where symbol_id = $1", .int32(Int32(symbol)))
  }
}
