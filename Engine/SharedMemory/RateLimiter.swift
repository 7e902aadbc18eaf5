import Synchronization

/// How often each account may ask, for all processes of the exchange together.
///
/// A bucket is one word: of which account it is, and when it would be empty again if nobody asked
/// any more (its *theoretical arrival time*). An account may be a second ahead of its rate, so it
/// can spend what it did not use in a burst. One compare-and-swap takes a share; a process that
/// dies at any instruction leaves nothing locked. A bucket that has run empty is anybody's, so none
/// is ever given back.
///
///     key(16) | microseconds(48)          4,096 sets of 8 words; the set is the rest of the key
///
/// When eight others of its set are busy at the same time an account goes unlimited: better so than
/// to let accounts pay for each other.
public struct RateLimiter: @unchecked Sendable {
  /// What is counted; each has buckets of its own.
  public enum Kind: UInt64, Sendable {
    case requests = 0
    case orders = 1
  }

  private static let setCount = UInt64(OUTCRY_LIMIT_SETS)
  private static let setSize = 8
  private static let timeMask: UInt64 = 1 << 48 - 1
  /// Microseconds an account may be ahead.
  private static let window: UInt64 = 1_000_000

  private let base: UnsafeMutableRawPointer
  private let segment: Segment

  init(segment: Segment) throws(SegmentError) {
    self.segment = segment
    base = segment.base + Int(OUTCRY_EXCHANGE_LIMITS)
    try segment.reserve(
      offset: Int(OUTCRY_EXCHANGE_LIMITS), length: Int(OUTCRY_LIMIT_SETS) * RateLimiter.setSize * 8)
  }

  /// Takes so much of the account's share at so many a second. Zero: it may go on; else the
  /// microseconds until it may ask again, and nothing was taken. What costs more than a second's
  /// worth may go on when nothing is owed, and is owed then.
  public func take(
    _ cost: Int, _ kind: Kind, of account: UInt64, rate: Int, now: Int64 = Clock.monotonicMicros()
  ) -> Int64 {
    precondition(rate > 0 && cost >= 0, "a limit of 0 is no limit and needs no bucket")
    let key = account << 1 | kind.rawValue
    let tag = (key / RateLimiter.setCount) & (1 << 16 - 1)
    let set = base + Int(key % RateLimiter.setCount) * RateLimiter.setSize * 8
    let time = UInt64(bitPattern: now) & RateLimiter.timeMask
    let length = UInt64(cost) * RateLimiter.window / UInt64(rate)
    let allowed = RateLimiter.window - min(length, RateLimiter.window)
    // Whoever loses a swap that often has lost it to others who took their share.
    for _ in 0..<64 {
      guard let (word, seen, ahead) = find(tag, in: set, at: time) else { return 0 }
      if ahead > allowed { return Int64(ahead - allowed) }
      let next = tag << 48 | (time + ahead + length) & RateLimiter.timeMask
      let swap = word.pointee.compareExchange(
        expected: seen, desired: next, ordering: .relaxed)
      if swap.exchanged { return 0 }
    }
    return 0
  }

  /// The account's bucket, or else one that is free, and how far ahead of now it is.
  private func find(_ tag: UInt64, in set: UnsafeMutableRawPointer, at time: UInt64)
    -> (word: Word64, seen: UInt64, ahead: UInt64)?
  {
    var free: (Word64, UInt64, UInt64)?
    for index in 0..<RateLimiter.setSize {
      let word = set.word64(index * 8)
      let seen = word.pointee.load(ordering: .relaxed)
      let until = seen & RateLimiter.timeMask
      let ahead = until > time ? until - time : 0
      if seen >> 48 == tag { return (word, seen, ahead) }
      if ahead == 0, free == nil { free = (word, seen, 0) }
    }
    return free
  }
}

extension ExchangeSegment {
  public func rateLimiter() throws(SegmentError) -> RateLimiter {
    try RateLimiter(segment: segment)
  }
}
