import Glibc
import Postgres
import Settings
import SharedMemory
import Store
import SymbolState

/// Stores snapshots beside the engine's work, on a connection of its own that it opens for each.
///
/// A snapshot that cannot be stored is no harm: the one before and the journal are enough.
final class SnapshotThread: @unchecked Sendable {
  /// A damaged one is passed over for the one before.
  private static let kept = 3
  /// Fewer commands than this are repeated in no time.
  private static let worthKeeping: UInt64 = 1000

  private let database: String
  private let symbol: Symbol
  private let lock: EngineLock
  private let outbox: SnapshotOutbox
  private let log: Log
  private let stop: StopFlag
  private let journalKeep: UInt64
  /// The sequence of the newest one that is stored.
  private var newest: UInt64

  init(
    database: String, symbol: Symbol, lock: EngineLock, outbox: SnapshotOutbox, log: Log,
    stop: StopFlag, newest: UInt64, journalKeep: UInt64
  ) {
    self.journalKeep = journalKeep
    self.newest = newest
    self.database = database
    self.symbol = symbol
    self.lock = lock
    self.outbox = outbox
    self.log = log
    self.stop = stop
  }

  func run() {
    while let sequence = outbox.nextSnapshot() {
      do {
        if try store(sequence, { try takeSlices(of: sequence, into: $0) }) {
          lock.addMetric(EngineMetric.snapshots)
          log.info("snapshot stored", ["sequence": sequence])
        } else {
          lock.addMetric(EngineMetric.snapshotFailures)
          log.warning("snapshot given up", ["sequence": sequence])
        }
      } catch {
        lock.addMetric(EngineMetric.snapshotFailures)
        log.warning("snapshot not stored", ["sequence": sequence, "error": "\(error)"])
        discard()
      }
      outbox.end()
    }
  }

  /// Stores the state an engine ends with, unless hardly anything happened since the last snapshot.
  /// Everything in it is committed by now.
  func storeLast(of matcher: Matcher) {
    guard matcher.sequence - newest >= SnapshotThread.worthKeeping else { return }
    do {
      _ = try store(matcher.sequence) { writer in
        try matcher.writeSnapshot { try writer.append($0) }
        return true
      }
      log.info("last snapshot stored", ["sequence": matcher.sequence])
    } catch {
      log.warning("last snapshot not stored", ["error": "\(error)"])
    }
  }

  /// Stores a snapshot whose bytes `fill` writes, and lets go of what it makes superfluous. False
  /// when `fill` says that nothing came of it.
  private func store(_ sequence: UInt64, _ fill: (SnapshotWriter) throws -> Bool) throws -> Bool {
    let connection = try Connection(database, name: "outcry-snapshot \(symbol.name)")
    let writer = try SnapshotWriter(
      symbol: symbol.id, sequence: sequence, epoch: lock.epoch, connection: connection)
    guard try fill(writer) else { return false }
    try writer.finish(format: SymbolState.snapshotFormat)
    newest = sequence
    lock.showSnapshot(sequence, time: Clock.wallMicros(), length: writer.length)
    let snapshots = Snapshots(symbol: symbol.id, connection: connection)
    try snapshots.prune(keeping: SnapshotThread.kept)
    try forget(snapshots)
    return true
  }

  /// Writes what the matcher leaves in the outbox. False when it gave the snapshot up.
  private func takeSlices(of sequence: UInt64, into writer: SnapshotWriter) throws -> Bool {
    var isWhole = false
    while !isWhole {
      let isGiven = try outbox.take { slice in
        isWhole = slice.isLast
        // Room for the next slice: the engine may be asleep.
        defer { lock.symbol.wakeEngine() }
        try writer.append(slice.bytes)
      }
      guard isGiven else { return false }
    }
    // The state is ahead of the journal by a batch or two, and must not survive without it.
    while lock.symbol.committedSequence < sequence {
      if stop.isRaised { return false }
      usleep(2000)
    }
    return true
  }

  /// Lets the journal forget, where that is wanted, what no recovery can need: it begins with a
  /// snapshot that the tables have passed, with the oldest one when the others are damaged.
  private func forget(_ snapshots: Snapshots) throws {
    guard journalKeep > 0, let needed = try snapshots.labels().last?.sequence,
      needed <= lock.symbol.projectedSequence, needed > journalKeep
    else { return }
    let rows = try snapshots.forgetJournal(before: needed - journalKeep)
    if rows > 0 { log.info("journal forgotten", ["before": needed - journalKeep, "rows": rows]) }
  }

  /// Takes the rest of a snapshot that could not be stored, so that the next one can begin.
  private func discard() {
    var isLast = false
    while !isLast {
      guard outbox.take({ isLast = $0.isLast }) else { return }
      lock.symbol.wakeEngine()
    }
  }
}

extension EngineLock {
  /// Says which snapshot is the newest, for the figures.
  func showSnapshot(_ sequence: UInt64, time: Int64, length: Int) {
    setMetric(EngineMetric.snapshotSequence, to: sequence)
    setMetric(EngineMetric.snapshotTime, to: UInt64(max(0, time)))
    setMetric(EngineMetric.snapshotBytes, to: UInt64(max(0, length)))
  }
}
