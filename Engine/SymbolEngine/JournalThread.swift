import Feed
import SharedMemory
import Wire

/// Makes batches durable one after the other, and only then tells: board, replies, followers.
///
/// While PostgreSQL commits a batch this thread tells about the one before it, and the matching
/// thread already fills the next.
final class JournalThread: @unchecked Sendable {
  private let handover: Handover
  private let journal: DurableJournal
  private let lock: EngineLock
  private let desk: EngineDesk
  private var releaser: RingReleaser
  private var board: BoardPublisher
  private let tables: Inbox
  private let feed: FeedInbox
  private let score: Score?
  /// Emptied batches. With the one being filled there are three: one more is at PostgreSQL and
  /// one is being told about.
  private var spares: [Batch]

  init(
    handover: Handover, spares: [Batch], journal: DurableJournal, lock: EngineLock,
    desk: EngineDesk, releaser: RingReleaser, board: BoardPublisher, tables: Inbox, feed: FeedInbox,
    score: Score?
  ) {
    self.handover = handover
    self.spares = spares
    self.journal = journal
    self.lock = lock
    self.desk = desk
    self.releaser = releaser
    self.board = board
    self.tables = tables
    self.feed = feed
    self.score = score
  }

  /// Runs until the matching thread has ended and everything it left is durable and told.
  func run() {
    var committed: Batch?
    while true {
      guard let emptied = spares.popLast() else { preconditionFailure("a batch was lost") }
      let next = handover.take(giving: emptied, waiting: committed == nil)
      if let next { journal.send(next.commands) } else { spares.append(emptied) }
      if let told = committed {
        tell(told)
        told.removeAll()
        spares.append(told)
      } else if next == nil {
        break
      }
      committed = next
      if let next { commit(next) }
    }
    tables.close()
    feed.close()
    score?.set(.stopped)
  }

  private func commit(_ batch: Batch) {
    guard batch.commandCount > 0 else { return }
    score?.set(.committing)
    let start = Clock.monotonicNanos()
    journal.awaitCommit(batch.commands)
    let nanos = UInt64(Clock.monotonicNanos() - start)
    lock.addMetric(EngineMetric.commits)
    lock.addMetric(EngineMetric.commands, UInt64(batch.commandCount))
    lock.addMetric(EngineMetric.commitNanos, nanos)
    score?.set(.working)
  }

  /// The board comes before the replies, so that whoever got one reads a board that knows of it.
  private func tell(_ batch: Batch) {
    if let last = batch.commands.last {
      batch.forEachCommand { _, events in board.apply(events) }
      board.publish(sequence: last.sequence, time: last.time, market: batch.market)
      lock.setCommitted(last.sequence)
    }
    reply(batch)
    if batch.ringPosition > releaser.head { releaser.release(through: batch.ringPosition - 1) }
    if batch.commandCount > 0 {
      batch.forEachCommand { feed.offer(sequence: $0.sequence, $1) }
      tables.deliver(batch)
    }
  }

  private func reply(_ batch: Batch) {
    var answer = 0
    var fill = 0
    batch.fills.withUnsafeBufferPointer { fills in
      for request in batch.requests {
        var writer = desk.beginReply(to: request.taken)
        for _ in 0..<request.answerCount {
          let count = Int(batch.answers[answer].fill_count)
          writer?.append(
            batch.answers[answer], fills: UnsafeBufferPointer(rebasing: fills[fill..<fill + count]))
          answer += 1
          fill += count
        }
        writer?.finish(touching: &batch.bells)
      }
    }
    batch.bells.ringAll()
    lock.addMetric(EngineMetric.requests, UInt64(batch.requests.count))
  }
}
