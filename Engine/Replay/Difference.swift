/// Where journal, snapshots, tables and board do not say the same.
public enum Difference: Error, Hashable, Sendable {
  /// Its rows do not follow on from each other, or one does not hold what it says it does.
  case journal(String)
  /// Its first commands are gone, and so is whatever could stand in for them.
  case journalBegins(at: UInt64)
  /// It ends before what was made from it.
  case journalEnds(at: UInt64, before: UInt64)
  case epochFell(sequence: UInt64, from: UInt64, to: UInt64)
  /// No engine writes such a record.
  case record(sequence: UInt64, what: String)
  /// The command was accepted once and is refused now.
  case refused(sequence: UInt64)
  case snapshotDamaged(sequence: UInt64, what: String)
  case snapshotDiffers(sequence: UInt64, expected: UInt64, found: UInt64)
  case row(table: String, key: Int64, column: String, expected: String, found: String)
  case rowMissing(table: String, key: Int64)
  case rowExtra(table: String, key: Int64)
  case board(what: String, expected: String, found: String)
}

extension Difference: CustomStringConvertible {
  public var description: String {
    switch self {
    case .journal(let what): what
    case .journalBegins(let start):
      "the journal begins at \(start), and no good snapshot is left that it continues"
    case .journalEnds(let end, let before):
      "the journal ends at \(end), but what was made from it reaches to \(before)"
    case .epochFell(let sequence, let from, let to):
      "journal at \(sequence): the epoch falls from \(from) to \(to)"
    case .record(let sequence, let what): "journal at \(sequence): \(what)"
    case .refused(let sequence):
      "journal at \(sequence): the command is refused when it is run again"
    case .snapshotDamaged(let sequence, let what): "snapshot at \(sequence): \(what)"
    case .snapshotDiffers(let sequence, let expected, let found):
      "snapshot at \(sequence): expected state \(hexadecimal(expected)), "
        + "found \(hexadecimal(found))"
    case .row(let table, let key, let column, let expected, let found):
      "\(table) \(key), column \(column): expected \(expected), found \(found)"
    case .rowMissing(let table, let key): "\(table) \(key): expected, but not there"
    case .rowExtra(let table, let key): "\(table) \(key): there, but not expected"
    case .board(let what, let expected, let found):
      "board, \(what): expected \(expected), found \(found)"
    }
  }
}

/// As state hashes are written.
public func hexadecimal(_ hash: UInt64) -> String {
  let digits = String(hash, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}
