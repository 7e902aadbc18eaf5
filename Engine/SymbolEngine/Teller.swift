import Feed
import SharedMemory
import Wire

/// Tells everybody about a batch, once it is durable: board, replies, tables, Redis.
final class Teller {
  private let lock: EngineLock
  private let desk: EngineDesk
  /// Unchecked as in `Matcher`.
  @exclusivity(unchecked) private var releaser: RingReleaser
  @exclusivity(unchecked) private var board: BoardPublisher
  private let tables: Inbox
  private let feed: FeedInbox
  private let replying: HistogramWriter
  private let whole: HistogramWriter

  init(
    lock: EngineLock, desk: EngineDesk, releaser: RingReleaser, board: BoardPublisher,
    tables: Inbox, feed: FeedInbox
  ) {
    self.lock = lock
    self.desk = desk
    self.releaser = releaser
    self.board = board
    self.tables = tables
    self.feed = feed
    replying = lock.histogram(.reply)
    whole = lock.histogram(.request)
  }

  /// The board comes before the replies, so that whoever got one reads a board that knows of it.
  func tell(_ batch: Batch) {
    if let last = batch.commands.last {
      batch.forEachCommand { _, events in board.apply(events) }
      board.publish(sequence: last.sequence, time: last.time, market: batch.market)
      lock.setCommitted(last.sequence)
    }
    reply(batch)
    if batch.ringPosition > releaser.head { releaser.release(through: batch.ringPosition - 1) }
    if batch.commandCount > 0 {
      batch.forEachCommand { feed.offer($0, $1) }
      tables.deliver(batch)
    }
  }

  private func reply(_ batch: Batch) {
    let now = Clock.monotonicNanos()
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
        writer?.finish(touching: &batch.bells, at: now)
        whole.record(now - request.taken.postedAt)
      }
    }
    batch.bells.ringAll()
    if batch.durableNanos != 0 { replying.record(Clock.monotonicNanos() - batch.durableNanos) }
    lock.addMetric(EngineMetric.requests, UInt64(batch.requests.count))
  }

  /// Nothing more will be told.
  func end() {
    tables.close()
    feed.close()
  }
}
