import Postgres
import Store
import SymbolState
import Wire

/// A symbol's past, as far as its journal goes.
public struct History {
  private let symbol: UInt32
  private let connection: Connection

  public init(_ symbol: Symbol, database: String) throws(PostgresError) {
    self.symbol = symbol.id
    connection = try Connection(database, name: "outcry-replay \(symbol.name)")
  }

  /// The sequence of the last command; 0 when there is none.
  public func end() throws(PostgresError) -> UInt64 {
    let rows = try connection.query(
      """
      select last_sequence from journal where symbol_id = $1 order by sequence desc limit 1
      """, .int32(Int32(symbol)))
    return rows.isEmpty ? 0 : UInt64(bitPattern: rows.int64(0, 0))
  }

  /// The sequence of the first command that is left; 1 when there is none.
  public func start() throws(PostgresError) -> UInt64 {
    try JournalReader(symbol: symbol, connection: connection).start() ?? 1
  }

  /// The book right after a command, and the sequence of the snapshot that helped to get there; 0
  /// without one. `passedOver` is told of snapshots that are no good.
  public func book(
    at sequence: UInt64, depth: Int, passedOver: (any Error) -> Void = { _ in }
  ) throws -> (picture: BookPicture, snapshot: UInt64) {
    let journal = JournalReader(symbol: symbol, connection: connection)
    try journal.keepWhole()
    var replayer = try Replayer(from: newestState(through: sequence, passedOver))
    let snapshot = replayer.state.sequence
    let start = try journal.start() ?? 1
    guard snapshot + 1 >= start else { throw Difference.journalBegins(at: start) }
    try replayer.run(journal, through: sequence)
    return (BookPicture(of: replayer.state, depth: depth), snapshot)
  }

  /// Calls with up to so many commands from a sequence on, each with its engine's epoch.
  public func commands(
    from sequence: UInt64, limit: Int, _ body: (Command, _ epoch: UInt64) -> Void
  ) throws(JournalError) {
    let last = sequence + UInt64(max(limit, 1)) - 1
    let journal = JournalReader(symbol: symbol, connection: connection)
    try journal.read(from: sequence, through: last) { commands, epoch in
      for command in commands { body(command, epoch) }
      return true
    }
  }

  private func newestState(through sequence: UInt64, _ passedOver: (any Error) -> Void) throws
    -> SymbolState
  {
    let snapshots = Snapshots(symbol: symbol, connection: connection)
    for label in try snapshots.labels(through: sequence) {
      do {
        return try snapshots.load(label, of: symbol)
      } catch {
        if case SnapshotError.database(let error) = error { throw error }
        passedOver(error)
      }
    }
    return try SymbolState(symbol: symbol)
  }
}
