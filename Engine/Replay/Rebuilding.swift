import Postgres
import Store
import Wire

/// Makes a symbol's tables of orders, trades and positions again from its journal, also while it
/// trades.
///
/// Of a journal that was shortened only what comes after its oldest good snapshot follows: rows
/// from before stay as they are.
///
/// The tables are made aside first. Then one transaction holds the row of `projections` that every
/// write of the engine's begins with, so that the engine waits; it makes up for what came
/// meanwhile and replaces what is wrong. Killed at any moment, it has changed nothing or all.
public struct Rebuilding: Sendable {
  /// Where the tables are.
  public var sequence: UInt64
  /// The sequence of the snapshot they were made from; 0 when it was the journal's start.
  public var snapshot: UInt64
  public var orders = 0
  public var trades = 0
  /// Rows that were wrong, missing or too many.
  public var repaired = 0
  /// Rows from before the snapshot that cannot be what they were, or are missing, and stay so.
  public var contradictions = 0

  /// `passedOver` is told of snapshots that are no good.
  public static func run(
    _ symbol: Symbol, database: String, passedOver: (Difference) -> Void = { _ in }
  ) throws -> Rebuilding {
    let reading = try Connection(database, name: "outcry-rebuild \(symbol.name)")
    let journal = JournalReader(symbol: symbol.id, connection: reading)
    try journal.keepWhole()
    let start = try ProjectionWriter.position(of: symbol.id, reading)
    let state = try Beginning.state(
      symbol.id, journal, Snapshots(symbol: symbol.id, connection: reading), through: start,
      passedOver: passedOver)
    let tables = try ExpectedTables(symbol, from: state, database: database)
    var replayer = try Replayer(from: state)
    try replayer.run(journal, through: start, tables.absorb)

    return try tables.transaction {
      let position = try tables.livePosition("for update").sequence
      try replayer.run(journal, through: position, tables.absorb)
      try tables.complete()
      let all = ComparedTable.all(of: symbol.id, from: tables.origin, answersAfter: 0)
      var repaired = 0
      for table in all { repaired += try tables.repair(table) }
      let contradictions = try tables.countContradictions()
      try tables.startAnswersAtOrigin()
      // Trades that are known to be wrong or gone would make wrong positions and candles.
      if contradictions == 0 {
        repaired += try tables.repair(.positions(of: symbol.id))
        repaired += try tables.repairCandles()
      }
      return Rebuilding(
        sequence: position, snapshot: tables.origin.sequence, orders: try tables.count(all[0]),
        trades: try tables.count(all[1]), repaired: repaired,
        contradictions: contradictions)
    }
  }
}
