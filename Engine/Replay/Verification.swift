import OrderBook
import Postgres
import Store
import SymbolState
import Wire

/// Whether everything kept of a symbol follows from its journal.
///
/// It may run while the exchange trades. Most of the journal is replayed as it stands at the
/// start; what came meanwhile is made up for inside one transaction that sees the tables at one
/// moment, together with the position they are at. So every row is compared, and none is excused.
public struct Verification: Sendable {
  /// Commands that were replayed, which is also where the tables are.
  public var sequence: UInt64
  public var snapshots = 0
  public var orders = 0
  public var trades = 0
  public var book: BookPicture

  /// Throws the first `Difference`. The picture has as many levels a side as asked for.
  public static func run(_ symbol: Symbol, database: String, depth: Int) throws -> Verification {
    let reading = try Connection(database, name: "outcry-verify \(symbol.name)")
    let journal = JournalReader(symbol: symbol.id, connection: reading)
    let tables = try ExpectedTables(symbol, database: database)
    var replayer = try Replayer(symbol: symbol.id)

    let start = try tables.livePosition()
    let snapshots = Snapshots(symbol: symbol.id, connection: reading)
    var compared = 0
    for label in try snapshots.labels(through: start).reversed() {
      try replayer.run(journal, through: label.sequence, tables.absorb)
      if try compare(label, with: replayer.state, snapshots) { compared += 1 }
    }
    try replayer.run(journal, through: start, tables.absorb)

    return try tables.transaction("isolation level repeatable read") {
      let position = try tables.livePosition()
      guard position >= replayer.state.sequence else {
        throw Difference.row(
          table: "projections", key: Int64(symbol.id), column: "sequence",
          expected: "\(replayer.state.sequence) or more", found: "\(position)")
      }
      try replayer.run(journal, through: position, tables.absorb)
      try tables.complete()
      let both = ComparedTable.all(of: symbol.id)
      for table in both {
        if let difference = try tables.firstDifference(in: table) { throw difference }
      }
      return Verification(
        sequence: position, snapshots: compared, orders: try tables.count(both[0]),
        trades: try tables.count(both[1]), book: BookPicture(of: replayer.state, depth: depth))
    }
  }

  /// False when the engine has removed the snapshot meanwhile, as it does with old ones.
  private static func compare(
    _ label: SnapshotLabel, with state: borrowing SymbolState, _ snapshots: Snapshots
  ) throws -> Bool {
    let found: UInt64
    do {
      found = try snapshots.load(label, of: state.symbol).hash
    } catch {
      if case SnapshotError.database(let error) = error { throw error }
      guard try snapshots.labels(through: label.sequence).contains(label) else { return false }
      throw Difference.snapshotDamaged(sequence: label.sequence, what: "\(error)")
    }
    guard found == state.hash else {
      throw Difference.snapshotDiffers(
        sequence: label.sequence, expected: state.hash, found: found)
    }
    return true
  }
}
