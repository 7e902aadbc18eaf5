import Glibc
import Postgres
import Settings
import SharedMemory
import Store
import Wire

/// Exit codes by which the manager and people know how an engine ended.
public enum EngineExit {
  /// Another engine has written to the journal: this one must not go on.
  public static let fenced: Int32 = 70
  /// Another engine on this host holds the symbol.
  public static let symbolIsHeld: Int32 = 75
  /// The symbol was moved: its journal goes on in another shard's database.
  public static let symbolHasLeft: Int32 = 76

  static func becauseItLeft(_ log: Log) -> Never {
    log.error("the symbol was moved to another shard", ["exit": symbolHasLeft])
    _exit(symbolHasLeft)
  }
}

/// The journal with everything that can go wrong behind it: it returns when a batch is durable,
/// however often PostgreSQL goes away, and never guesses what became of a COMMIT.
///
/// After any failure the same batch is sent again on a new connection. If the first attempt did
/// arrive, the second meets its own rows and counts as committed; if another engine's rows are
/// there, this process ends at once, before it tells anybody anything.
final class DurableJournal {
  private static let firstPauseNanos: Int64 = 20_000_000
  private static let longestPauseNanos: Int64 = 500_000_000

  private let database: String
  private let symbol: Symbol
  private let epoch: UInt64
  private let log: Log
  private let lock: EngineLock
  private let score: Score?
  private let stop: StopFlag
  private var journal: Journal?
  private var isSent = false
  /// Bytes of the newest batch's records as the journal has them.
  private(set) var batchLength = 0

  init(
    database: String, symbol: Symbol, lock: EngineLock, journal: Journal, log: Log,
    score: Score?, stop: StopFlag
  ) {
    self.database = database
    self.symbol = symbol
    self.lock = lock
    epoch = lock.epoch
    self.journal = journal
    self.log = log
    self.score = score
    self.stop = stop
  }

  /// Starts to store a batch; what fails here is mended in `awaitCommit`.
  func send(_ commands: UnsafeBufferPointer<Command>) {
    guard !commands.isEmpty, let journal else { return }
    do {
      try journal.send(commands, epoch: epoch)
      isSent = true
    } catch {
      giveUpConnection(error)
    }
  }

  /// Returns when the batch that was sent is durable.
  func awaitCommit(_ commands: UnsafeBufferPointer<Command>) {
    guard !commands.isEmpty else { return }
    if isSent, let journal {
      isSent = false
      do {
        try journal.awaitCommit()
        batchLength = journal.batchLength
        return
      } catch {
        giveUpConnection(error)
      }
    }
    score?.set(.retrying)
    lock.setMetric(EngineMetric.journalIsAway, to: 1)
    lock.addMetric(EngineMetric.journalRetries)
    var pause = DurableJournal.firstPauseNanos
    while !appendAgain(commands) {
      // Nobody was told of this batch and its requests stay in the ring for the next engine.
      if stop.isRaised { exitNow(1, "stopped while the database is away") }
      usleep(UInt32(pause / 1000))
      pause = min(2 * pause, DurableJournal.longestPauseNanos)
    }
    lock.setMetric(EngineMetric.journalIsAway, to: 0)
    log.info("the journal goes on", ["sequence": commands[0].sequence])
  }

  private func appendAgain(_ commands: UnsafeBufferPointer<Command>) -> Bool {
    do {
      let journal = try self.journal ?? reconnect()
      self.journal = journal
      try journal.append(commands, epoch: epoch)
      batchLength = journal.batchLength
      return true
    } catch let error as JournalError {
      giveUpConnection(error)
    } catch {
      journal = nil
    }
    return false
  }

  private func reconnect() throws(PostgresError) -> Journal {
    let connection = try Connection(database, name: Journal.sessionName(ofEngineFor: symbol.name))
    return try Journal(symbol: symbol.id, connection: connection)
  }

  private func giveUpConnection(_ error: JournalError) {
    journal = nil
    isSent = false
    if case .fenced(let other) = error {
      exitNow(EngineExit.fenced, "fenced off by the engine of epoch \(other)")
    }
    log.warning("the journal is out of reach, trying again", ["error": "\(error)"])
  }

  private func exitNow(_ code: Int32, _ why: String) -> Never {
    log.error(why, ["epoch": epoch, "exit": code])
    _exit(code)
  }
}
