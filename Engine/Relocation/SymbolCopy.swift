import Postgres
import Store
import Wire

/// One symbol's journal, and everything that was made from it, in two databases: what the source
/// has comes to the target, any number of times, each time less.
final class SymbolCopy {
  private static let rowsPerChunk = 50_000

  private let symbol: UInt32
  private let source: Connection
  private let target: Connection
  private let rows: RowCopy
  private let targetDatabase: String
  private var follower: Follower?

  init(_ symbol: UInt32, from source: String, to target: String) throws {
    self.symbol = symbol
    targetDatabase = target
    self.source = try Connection(source, name: "outcry-move")
    self.target = try Connection(target, name: "outcry-move")
    try Schema.migrate(self.source)
    try Schema.migrate(self.target)
    rows = RowCopy(source: self.source, target: self.target, symbol: symbol)
    // As long as this session lasts the source's journal forgets nothing.
    try JournalReader(symbol: symbol, connection: self.source).keepWhole()
  }

  /// The tables as they are at one moment, unless they are there already, from a copy that was
  /// interrupted or given up: its journal goes on with the source's then.
  func begin() throws {
    if try !continues() { try SymbolCopy.erase(symbol, target) }
    let position = try target.query(
      "select sequence from projections where symbol_id = $1", .int32(Int32(symbol)))
    guard position.isEmpty else { return }
    try source.run("begin isolation level repeatable read read only")
    try target.run("begin")
    for table in RowCopy.derived { try rows.copy(table) }
    try target.run("commit")
    try source.run("commit")
  }

  /// Brings journal and tables as far as the source's; returns how far that is.
  @discardableResult
  func follow() throws -> UInt64 {
    while try copyChunk() == SymbolCopy.rowsPerChunk {}
    let head = try head(target)
    guard head.sequence > 0 else { return 0 }
    let follower = try self.follower ?? Follower(symbol, database: targetDatabase)
    self.follower = follower
    try follower.run(through: head.sequence)
    return head.sequence
  }

  func storeSnapshot(unlessWithin commands: UInt64) throws {
    try follower?.storeSnapshot(epoch: try head(target).epoch, unlessWithin: commands)
  }

  /// Throws when the two journals are not the same up to there.
  func compare(through sequence: UInt64) throws {
    let first = try source.query(
      "select coalesce(min(sequence), 0) from journal where symbol_id = $1", .int32(Int32(symbol)))
    let digest = """
      select count(*), coalesce(sum(checksum), 0)::bigint, coalesce(sum(last_sequence), 0)::bigint
      from journal where symbol_id = $1 and sequence >= $2 and last_sequence <= $3
      """
    func read(_ connection: Connection) throws -> [Int64] {
      let found = try connection.query(
        digest, .int32(Int32(symbol)), .int64(first.int64(0, 0)), .int64(Int64(sequence)))
      return (0..<3).map { found.int64(0, $0) }
    }
    let (there, here) = (try read(source), try read(target))
    guard there == here else {
      throw Move.Failure("the copy of the journal differs: \(there) rows and sums, not \(here)")
    }
  }

  /// Removes everything of the symbol, in one transaction. As every write of an engine's does, it
  /// begins with the row of `projections`: one that still writes comes before or not at all.
  static func erase(_ symbol: UInt32, _ connection: Connection) throws {
    let rows = RowCopy(source: connection, target: connection, symbol: symbol)
    try connection.transaction { () throws(PostgresError) in
      for table in RowCopy.derived.reversed() + ["journal"] {
        try connection.run("delete from \(table) where \(rows.condition(table))")
      }
    }
  }

  private func copyChunk() throws -> Int {
    let position = try head(target).sequence
    return try rows.copy(
      "journal",
      "and sequence > \(position) order by symbol_id, sequence limit \(SymbolCopy.rowsPerChunk)")
  }

  /// Whether what the target has of the journal is what the source has of it.
  private func continues() throws -> Bool {
    let last = """
      select sequence, last_sequence, epoch, coalesce(checksum, 0) from journal
      where symbol_id = $1 and sequence = coalesce($2, (
        select max(sequence) from journal where symbol_id = $1))
      """
    let here = try target.query(last, .int32(Int32(symbol)), .optional(nil as Int64?))
    guard !here.isEmpty else { return false }
    let there = try source.query(last, .int32(Int32(symbol)), .int64(here.int64(0, 0)))
    return !there.isEmpty && (0..<4).allSatisfy { here.int64(0, $0) == there.int64(0, $0) }
  }

  private func head(_ connection: Connection) throws -> Journal.Head {
    try Fence.head(symbol, connection)
  }
}
