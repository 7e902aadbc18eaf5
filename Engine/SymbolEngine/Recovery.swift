import OrderBook
import Postgres
import Replay
import Settings
import SharedMemory
import Store
import SymbolState
import Wire

/// Why an engine cannot take its symbol over.
enum RecoveryError: Error, CustomStringConvertible {
  /// The journal holds a command that this program refuses: they do not belong together.
  case cannotRepeat(sequence: UInt64)
  case ownCommandRefused(kind: UInt8)

  var description: String {
    switch self {
    case .cannotRepeat(let sequence): "the journal cannot be repeated from \(sequence) on"
    case .ownCommandRefused(let kind): "the engine's own command of kind \(kind) was refused"
    }
  }
}

/// A symbol's state as it is brought back from the journal, and the tables up to it.
struct Recovery: ~Copyable {
  private static let rowsPerWrite = 50_000

  var state: SymbolState
  var events: EventBuffer
  /// What the tables are still to be told.
  var buffer: ProjectionBuffer
  let projection: ProjectionWriter
  /// The sequence of the snapshot that it began with; 0 without one.
  let lastSnapshot: UInt64

  private init(
    state: consuming SymbolState, events: consuming EventBuffer, buffer: consuming ProjectionBuffer,
    projection: ProjectionWriter
  ) {
    lastSnapshot = state.sequence
    self.state = state
    self.events = events
    self.buffer = buffer
    self.projection = projection
  }

  /// The newest good snapshot, then the journal from there. What the tables have not seen is
  /// written to them on the way; so a snapshot that is ahead of the tables will not do.
  static func replaying(
    _ symbol: Symbol, reader connection: Connection, projection: ProjectionWriter, log: Log
  ) throws -> Recovery {
    let position = try projection.position()
    let state = try newestState(symbol, through: position, connection, log)
    let events = try EventBuffer(capacity: state.book.mostEventsPerCommand)
    let buffer = ProjectionBuffer(position: position)
    let start = state.sequence + 1
    var recovery = Recovery(state: state, events: events, buffer: buffer, projection: projection)
    var failure: (any Error)?
    let reader = JournalReader(symbol: symbol.id, connection: connection)
    try reader.read(from: start) { commands, _ in
      do {
        for command in commands { try recovery.repeatOne(command) }
      } catch {
        failure = error
      }
      return failure == nil
    }
    if let failure { throw failure }
    try recovery.projection.write(&recovery.buffer)
    return recovery
  }

  private static func newestState(
    _ symbol: Symbol, through position: UInt64, _ connection: Connection, _ log: Log
  ) throws -> SymbolState {
    let snapshots = Snapshots(symbol: symbol.id, connection: connection)
    for label in try snapshots.labels(through: position) {
      do {
        return try snapshots.load(label, of: symbol.id)
      } catch {
        if case SnapshotError.database(let error) = error { throw error }
        log.error(
          "snapshot passed over", ["sequence": label.sequence, "error": "\(error)"])
      }
    }
    return try SymbolState(symbol: symbol.id)
  }

  /// Runs a command of the engine's own; it still has to be journalled.
  mutating func accept(_ command: inout Command, now: Int64) throws {
    events.removeAll()
    guard case .accepted = state.execute(&command, now: now, events: &events) else {
      throw RecoveryError.ownCommandRefused(kind: command.kind)
    }
    events.withEvents { buffer.absorb(command, $0) }
  }

  private mutating func repeatOne(_ command: Command) throws {
    events.removeAll()
    guard state.replay(command, events: &events) else {
      throw RecoveryError.cannotRepeat(sequence: command.sequence)
    }
    events.withEvents { buffer.absorb(command, $0) }
    if buffer.pendingRows >= Recovery.rowsPerWrite { try projection.write(&buffer) }
  }
}
