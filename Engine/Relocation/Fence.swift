import Glibc
import Postgres
import Store
import Wire

/// What keeps every engine of the source from adding to a journal that goes on elsewhere.
///
/// A departure is written down first: an engine that starts later sees it behind its own epoch
/// record, before it tells anybody anything, and ends. Then the fence takes the next place in the
/// journal, as a starting engine's epoch record would: one that still runs, whatever its manager
/// thinks or whether it has one, meets that key with its next commit and ends. One that is always
/// faster is cut from the database, so that it has to come back before its next commit.
enum Fence {
  private static let patienceSeconds = 10

  /// Returns where the journal ends; zero for a symbol that has none.
  static func put(_ symbol: Symbol, target: Int, database: String) throws -> Journal.Head {
    let connection = try Connection(database, name: "outcry-move-fence")
    let journal = try Journal(
      symbol: symbol.id, connection: try Connection(database, name: "outcry-move-fence"))
    try Departures.add(symbol.id, to: target, connection)
    let end = time(nil) + patienceSeconds
    while true {
      let head = try head(symbol.id, connection)
      guard head.sequence > 0 else { return head }
      var command = Command(.epoch)
      command.sequence = head.sequence + 1
      command.time = max(try lastTime(symbol.id, head, connection), now())
      command.origin = head.epoch + 1
      withUnsafeMutableBytes(of: &command.trace_id) { bytes in
        for index in bytes.indices { bytes[index] = UInt8.random(in: 0...255) }
      }
      do {
        try withUnsafePointer(to: command) { record throws(JournalError) in
          try journal.append(UnsafeBufferPointer(start: record, count: 1), epoch: command.origin)
        }
        return Journal.Head(sequence: command.sequence, epoch: command.origin)
      } catch {
        // An engine that still runs was faster.
        guard case .fenced = error, time(nil) < end else { throw error }
        try cutOff(symbol.name, connection)
      }
    }
  }

  private static func cutOff(_ symbol: String, _ connection: Connection) throws {
    _ = try connection.query(
      """
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = $1
      """, .text(Journal.sessionName(ofEngineFor: symbol)))
  }

  static func head(_ symbol: UInt32, _ connection: Connection) throws -> Journal.Head {
    let rows = try connection.query(
      """
      select last_sequence, epoch from journal where symbol_id = $1 order by sequence desc limit 1
      """, .int32(Int32(symbol)))
    guard !rows.isEmpty else { return Journal.Head(sequence: 0, epoch: 0) }
    return Journal.Head(sequence: UInt64(rows.int64(0, 0)), epoch: UInt64(rows.int64(0, 1)))
  }

  /// Time never goes back in a journal, whatever the clocks of two hosts say.
  private static func lastTime(
    _ symbol: UInt32, _ head: Journal.Head, _ connection: Connection
  ) throws -> Int64 {
    var last: Int64 = 0
    let reader = JournalReader(symbol: symbol, connection: connection)
    try reader.read(from: head.sequence) { commands, _ in
      last = commands.last?.time ?? last
      return true
    }
    return last
  }

  private static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
  }
}
