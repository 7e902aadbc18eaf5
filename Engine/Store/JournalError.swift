import Postgres

public enum JournalError: Error, CustomStringConvertible {
  /// Another engine has written this place in the journal: stop at once.
  case fenced(epoch: UInt64)
  /// The connection went away after the batch was sent: only `resolve` or sending the same batch
  /// again on a new connection tells whether it is in.
  case outcomeUnknown(PostgresError)
  /// Nothing of the batch was stored.
  case notStored(PostgresError)
  /// The journal does not follow on from itself: something is missing, or is there twice.
  case gap(expected: UInt64, found: UInt64)
  /// The row that begins here does not hold the commands it says it does.
  case torn(sequence: UInt64)
  /// It is not what was written there: its checksum differs.
  case damaged(symbol: UInt32, sequence: UInt64)
  /// A program newer than this one wrote it.
  case unknownFormat(Int16)

  public var description: String {
    switch self {
    case .fenced(let epoch): "the journal belongs to the engine of epoch \(epoch)"
    case .outcomeUnknown(let error): "connection lost while committing: \(error)"
    case .notStored(let error): "not stored: \(error)"
    case .gap(let expected, let found):
      "the journal does not follow on: expected \(expected), found \(found)"
    case .torn(let sequence): "the journal's row at \(sequence) is torn"
    case .damaged(let symbol, let sequence):
      "the journal's row at \(sequence) of symbol \(symbol) is damaged: its checksum differs"
    case .unknownFormat(let format): "journal format \(format) is not known to this program"
    }
  }
}
