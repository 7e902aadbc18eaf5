import Postgres
import Store
import Wire

/// Makes a symbol's tables of orders and trades again from its journal, also while it trades.
///
/// The tables are made aside first. Then one transaction holds the row of `projections` that every
/// write of the engine's begins with, so that the engine waits; it makes up for what came
/// meanwhile and replaces what is wrong. Killed at any moment, it has changed nothing or all.
public struct Rebuilding: Sendable {
  /// Where the tables are.
  public var sequence: UInt64
  public var orders = 0
  public var trades = 0
  /// Rows that were wrong, missing or too many.
  public var repaired = 0

  public static func run(_ symbol: Symbol, database: String) throws -> Rebuilding {
    let reading = try Connection(database, name: "outcry-rebuild \(symbol.name)")
    let journal = JournalReader(symbol: symbol.id, connection: reading)
    let tables = try ExpectedTables(symbol, database: database)
    var replayer = try Replayer(symbol: symbol.id)
    try replayer.run(journal, through: try tables.livePosition(), tables.absorb)

    return try tables.transaction {
      let position = try tables.livePosition("for update")
      try replayer.run(journal, through: position, tables.absorb)
      try tables.complete()
      let both = ComparedTable.all(of: symbol.id)
      var repaired = 0
      for table in both { repaired += try tables.repair(table) }
      return Rebuilding(
        sequence: position, orders: try tables.count(both[0]), trades: try tables.count(both[1]),
        repaired: repaired)
    }
  }
}
