import Glibc
import SharedMemory

/// The heart of an engine: match, make durable, and only then tell.
///
/// One thread does all three in turn, because none of them may overtake another and every hand-over
/// between threads would cost a wake-up an order. PostgreSQL is the partner that works meanwhile:
/// while it commits a batch, this thread tells about the one before and already matches the next.
/// What has come together by the time the commit returns goes out as one: group commit without a
/// timer.
final class EngineThread: @unchecked Sendable {
  private static let idleNanos: Int64 = 1_000_000_000
  /// The longest time from one busy batch to the next. Orders that come one by one never wait for
  /// it; with many under way at once it makes fewer, larger commits, and fewer wake-ups of
  /// everybody who waits for an answer.
  private static let busyNanos: Int64 = 700_000
  private static let paceStepMicros: UInt32 = 50
  private static let smallBatch = 6

  let matcher: Matcher
  private let journal: DurableJournal
  private let teller: Teller
  private let lock: EngineLock
  private let stop: StopFlag
  private let score: Score?

  /// Being matched; at PostgreSQL; durable and to be told about.
  private var filling: Batch
  private var committing: Batch?
  private var committed: Batch?
  private var spares: [Batch]
  /// When the newest batch went to PostgreSQL, with how many requests, and whether it had more
  /// than one command.
  private var sentNanos: Int64 = 0
  private var lastRequests = 0
  private var isBusy = false

  init(
    matcher: Matcher, journal: DurableJournal, teller: Teller, batches: [Batch],
    lock: EngineLock, stop: StopFlag, score: Score?
  ) {
    precondition(batches.count == 3, "one batch for each stage")
    self.matcher = matcher
    self.journal = journal
    self.teller = teller
    self.lock = lock
    self.stop = stop
    self.score = score
    filling = batches[0]
    spares = Array(batches[1...])
  }

  /// Runs until it is told to stop and everything it took is durable and told. What is still in
  /// the ring then stays there for the next engine.
  func run() {
    while true {
      pace()
      if !stop.isRaised { matcher.fill(filling) }
      if !filling.isEmpty { send() }
      if let batch = committed { tell(batch) }
      if let batch = committing {
        if !stop.isRaised { matcher.fill(filling) }
        finishCommit(of: batch)
      } else if stop.isRaised {
        break
      } else if filling.isEmpty {
        rest()
      }
    }
    matcher.end()
    teller.end()
    score?.set(.stopped)
  }

  /// With more under way than one order at a time, waits until half as many requests as the last
  /// batch had are there, or its time is over. Of a small batch as many as it had: else orders that
  /// come at a steady rate would make batches of one, each of which costs as much as one of ten.
  /// Who is durable already is told before.
  private func pace() {
    guard isBusy, Clock.monotonicNanos() < sentNanos + EngineThread.busyNanos else { return }
    if let batch = committed { tell(batch) }
    let end = sentNanos + EngineThread.busyNanos
    let enough = max(lastRequests / 2, min(lastRequests, EngineThread.smallBatch))
    while Clock.monotonicNanos() < end, lock.symbol.ring.depth < enough {
      usleep(EngineThread.paceStepMicros)
    }
  }

  private func send() {
    guard let emptied = spares.popLast() else { preconditionFailure("a batch was lost") }
    isBusy = filling.commandCount > 1
    lastRequests = filling.requests.count
    sentNanos = Clock.monotonicNanos()
    journal.send(filling.commands)
    committing = filling
    filling = emptied
  }

  private func finishCommit(of batch: Batch) {
    if batch.commandCount > 0 {
      journal.awaitCommit(batch.commands)
      batch.durableNanos = Clock.monotonicNanos()
      lock.addMetric(EngineMetric.commits)
      lock.addMetric(EngineMetric.commands, UInt64(batch.commandCount))
      lock.addMetric(EngineMetric.journalBytes, UInt64(journal.batchLength))
      lock.histogram(.commit).record(batch.durableNanos - sentNanos)
    }
    committed = batch
    committing = nil
  }

  private func tell(_ batch: Batch) {
    teller.tell(batch)
    batch.removeAll()
    spares.append(batch)
    committed = nil
  }

  private func rest() {
    score?.set(.idle)
    score?.beat()
    matcher.waitForWork(atMost: EngineThread.idleNanos) { stop.isRaised }
    score?.set(.working)
  }
}
