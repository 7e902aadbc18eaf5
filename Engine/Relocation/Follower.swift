import Postgres
import Replay
import Store
import SymbolState
import Wire

/// Brings the tables of a copied journal forward, by running it as an engine would. It keeps the
/// state between two calls, so that the last of them is short.
final class Follower {
  private static let rowsPerWrite = 50_000

  private let symbol: UInt32
  private let database: String
  private let writer: ProjectionWriter
  private let journal: JournalReader
  private let connection: Connection
  private var replayer: Replayer
  private var buffer: ProjectionBuffer
  /// Of the newest snapshot there.
  private var snapshot: UInt64

  /// `database` is where the copy is.
  init(_ symbol: UInt32, database: String) throws {
    self.symbol = symbol
    self.database = database
    connection = try Connection(database, name: "outcry-move")
    let tables = try Connection(database, name: "outcry-move-tables")
    writer = try ProjectionWriter(symbol: symbol, connection: tables)
    journal = JournalReader(symbol: symbol, connection: connection)
    let position = try writer.position()
    buffer = ProjectionBuffer(position: position)
    let state = try Follower.newestState(
      Snapshots(symbol: symbol, connection: connection), symbol, through: position)
    snapshot = state.sequence
    replayer = try Replayer(from: state)
  }

  private static func newestState(
    _ snapshots: Snapshots, _ symbol: UInt32, through position: UInt64
  ) throws -> SymbolState {
    for label in try snapshots.labels(through: position) {
      do {
        return try snapshots.load(label, of: symbol)
      } catch {
        if case SnapshotError.database(let error) = error { throw error }
        // Damaged: the one before it will do.
      }
    }
    return try SymbolState(symbol: symbol)
  }

  func run(through sequence: UInt64) throws {
    try replayer.run(journal, through: sequence) { command, events in
      buffer.absorb(command, events)
      if buffer.pendingRows >= Follower.rowsPerWrite { try writer.write(&buffer) }
    }
    try writer.write(&buffer)
  }

  /// So that the engine, which begins with it, has little left to repeat.
  func storeSnapshot(epoch: UInt64, unlessWithin commands: UInt64) throws {
    let sequence = replayer.state.sequence
    guard sequence - snapshot > commands else { return }
    let connection = try Connection(database, name: "outcry-move-snapshot")
    let stored = try SnapshotWriter(
      symbol: symbol, sequence: sequence, epoch: epoch, connection: connection)
    try replayer.writeSnapshot { try stored.append($0) }
    try stored.finish(format: SymbolState.snapshotFormat)
    snapshot = sequence
  }
}
