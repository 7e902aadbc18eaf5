import Glibc
import Postgres
import Settings
import SharedMemory
import Store

/// Writes the tables of orders and trades behind the journal, on its own connection.
///
/// It rests a while after each write, in proportion to how long that took, unless a reader waits:
/// what comes together meanwhile is collapsed and written at a better price. So a busy symbol's
/// tables cost a bounded share of the machine, and a quiet one's are written at once. When so much
/// has come that it is worth no more to wait, and the engine would have to in the end, for room in
/// the inbox, there is no rest.
///
/// For the same reasons it writes in small pieces with pauses between: a processor that PostgreSQL
/// has for itself for 50 ms is one that orders wait for, on a machine with few. Where so many share
/// a commit that the machine has all it can do, pieces would only cost more.
final class ProjectionThread: @unchecked Sendable {
  private static let longestRestNanos: Int64 = 500_000_000
  private static let restStepMicros: UInt32 = 5000
  private static let pauseMicros: UInt32 = 4000
  private static let manyPerCommit = 10
  private static let firstPauseNanos: Int64 = 20_000_000
  private static let longestPauseNanos: Int64 = 500_000_000

  private let database: String
  private let symbol: Symbol
  private let inbox: Inbox
  private let mirror: SymbolMirror?
  private let lock: EngineLock
  private let log: Log
  private let stop: StopFlag
  private let score: Score?
  private var writer: ProjectionWriter?
  private var buffer: ProjectionBuffer
  private var isCrowded = false
  /// Where the tables are, also while the buffer is being written.
  private var position: UInt64

  init(
    database: String, symbol: Symbol, writer: ProjectionWriter, buffer: consuming ProjectionBuffer,
    inbox: Inbox, mirror: SymbolMirror?, lock: EngineLock, log: Log, stop: StopFlag,
    score: Score?
  ) {
    self.database = database
    self.symbol = symbol
    self.writer = writer
    position = buffer.position
    self.buffer = buffer
    self.inbox = inbox
    self.mirror = mirror
    self.lock = lock
    self.log = log
    self.stop = stop
    self.score = score
  }

  /// Runs until the inbox is closed and everything in it is written.
  func run() {
    var run = CommittedRun()
    var isLast = false
    while !isLast {
      score?.set(.idle)
      isLast = inbox.drain(into: &run)
      score?.set(.working)
      let start = Clock.monotonicNanos()
      isCrowded = run.count > ProjectionThread.manyPerCommit * run.commits
      run.forEach { buffer.absorb($0, $1) }
      let (state, rules) = (buffer.state, buffer.rules)
      guard write() else { break }
      mirror?.note(state: state, rules: rules)
      position = buffer.position
      lock.setProjected(position)
      lock.setMetric(EngineMetric.tablesWriteSince, to: 0)
      lock.addMetric(EngineMetric.tableWrites)
      score?.set(counter: 0, to: position)
      score?.beat()
      let spent = Clock.monotonicNanos() - start
      if !isLast { rest(min(20 * spent, ProjectionThread.longestRestNanos)) }
    }
    score?.set(.stopped)
  }

  /// Nobody waits for the tables.
  private var hasTime: Bool {
    !stop.isRaised && lock.symbol.wantedSequence <= position && !inbox.hasFullRun
  }

  private func rest(_ nanos: Int64) {
    let end = Clock.monotonicNanos() + nanos
    while Clock.monotonicNanos() < end, hasTime {
      usleep(ProjectionThread.restStepMicros)
    }
  }

  /// Writes until it is written. False when the engine stops while the database is away: the next
  /// one makes up for it from the journal.
  private func write() -> Bool {
    var pause = ProjectionThread.firstPauseNanos
    while true {
      do {
        let writer = try self.writer ?? reconnect()
        self.writer = writer
        writer.afterChunk = { [unowned self] in
          if hasTime, !isCrowded { usleep(ProjectionThread.pauseMicros) }
        }
        try writer.write(&buffer)
        return true
      } catch let error as ProjectionError {
        if case .overtaken = error {
          log.error("\(error)", ["exit": EngineExit.fenced])
          _exit(EngineExit.fenced)
        }
        log.warning("the tables are out of reach, trying again", ["error": "\(error)"])
      } catch {
        log.warning("the database is away", ["error": "\(error)"])
      }
      writer = nil
      lock.addMetric(EngineMetric.tableRetries)
      score?.set(.retrying)
      if stop.isRaised { return false }
      usleep(UInt32(pause / 1000))
      pause = min(2 * pause, ProjectionThread.longestPauseNanos)
    }
  }

  private func reconnect() throws(PostgresError) -> ProjectionWriter {
    let connection = try Connection(database, name: "outcry-projection \(symbol.name)")
    return try ProjectionWriter(symbol: symbol.id, connection: connection)
  }
}
