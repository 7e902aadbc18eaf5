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
  /// Where the tables are.
  public var sequence: UInt64
  /// The sequence of the snapshot that the replay began with; 0 when it was the journal's start.
  public var snapshot: UInt64
  /// How many snapshots were compared.
  public var snapshots = 0
  public var orders = 0
  public var trades = 0
  public var book: BookPicture

  /// Throws the first `Difference`. The picture has as many levels a side as asked for.
  public static func run(_ symbol: Symbol, database: String, depth: Int) throws -> Verification {
    let reading = try Connection(database, name: "outcry-verify \(symbol.name)")
    let journal = JournalReader(symbol: symbol.id, connection: reading)
    try journal.keepWhole()
    let start = try ProjectionWriter.position(of: symbol.id, reading)
    let snapshots = Snapshots(symbol: symbol.id, connection: reading)
    var passedOver: Difference?
    let state = try Beginning.state(symbol.id, journal, snapshots, through: start) {
      passedOver = passedOver ?? $0
    }
    let tables = try ExpectedTables(symbol, from: state, database: database)
    var replayer = try Replayer(from: state)
    try checkUnrepeated(journal, through: tables.origin.sequence)
    var compared = 0
    for label in try snapshots.labels(through: start).reversed()
    where label.sequence > tables.origin.sequence {
      try replayer.run(journal, through: label.sequence, tables.absorb)
      if try compare(label, with: replayer.state, snapshots) { compared += 1 }
    }
    try replayer.run(journal, through: start, tables.absorb)

    let found = try tables.transaction("isolation level repeatable read") {
      let position = try tables.livePosition()
      guard position.sequence >= replayer.state.sequence else {
        throw Difference.row(
          table: "projections", key: Int64(symbol.id), column: "sequence",
          expected: "\(replayer.state.sequence) or more", found: "\(position.sequence)")
      }
      try replayer.run(journal, through: position.sequence, tables.absorb)
      try tables.complete()
      try tables.forgetAnswers(through: position.answersAfter)
      let all = ComparedTable.all(
        of: symbol.id, from: tables.origin, answersAfter: position.answersAfter)
      for table in all {
        if let difference = try tables.firstDifference(in: table) { throw difference }
      }
      if let difference = try tables.firstContradiction() { throw difference }
      if let difference = try tables.firstDifference(in: .positions(of: symbol.id)) {
        throw difference
      }
      if let difference = try tables.firstCandleDifference() { throw difference }
      return Verification(
        sequence: position.sequence, snapshot: tables.origin.sequence, snapshots: compared,
        orders: try tables.count(all[0]), trades: try tables.count(all[1]),
        book: BookPicture(of: replayer.state, depth: depth))
    }
    if let passedOver { throw passedOver }
    return found
  }

  /// What is left of a shortened journal before the snapshot cannot be repeated; that it is whole
  /// can be told all the same.
  private static func checkUnrepeated(_ journal: JournalReader, through sequence: UInt64) throws {
    guard let start = try journal.start(), start <= sequence else { return }
    do {
      try journal.read(from: start, through: sequence) { _, _ in true }
    } catch {
      if case .notStored(let error) = error { throw error }
      throw Difference.journal("\(error)")
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
