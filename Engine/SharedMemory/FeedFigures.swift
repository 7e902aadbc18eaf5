import Synchronization

/// What the feeds of an instance count together. The raw values are places in shared memory: they
/// are only ever added to.
public enum FeedCounter: Int, CaseIterable, Sendable {
  /// Messages that nginx took, and refused.
  case messages = 0
  case refused
  /// How often subscribers were told that something may be missing.
  case gaps
}

/// Which counter of a feed's line on the scoreboard is which; all of them are about now.
public enum FeedGauge {
  public static let redisIsUp = 0
  public static let nginxIsUp = 1
  /// Streams that somebody listens to, counted once for each listener.
  public static let subscriptions = 2
}

extension ExchangeSegment {
  /// Since the segment was made, by all feeds there were.
  public func feedCount(_ counter: FeedCounter) -> UInt64 {
    feedWord(counter).pointee.load(ordering: .relaxed)
  }

  public func addToFeed(_ counter: FeedCounter, _ amount: UInt64) {
    _ = feedWord(counter).pointee.add(amount, ordering: .relaxed)
  }

  private func feedWord(_ counter: FeedCounter) -> Word64 {
    segment.base.word64(Int(OUTCRY_EXCHANGE_FEED) + 8 * counter.rawValue)
  }
}
