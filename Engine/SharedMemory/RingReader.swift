import Synchronization

/// The reading end of a request ring: one thread of the engine that holds the lock.
public struct RingReader {
  @usableFromInline let words: RingWords
  @usableFromInline var nextPosition: UInt64
  @usableFromInline var waits: UInt32

  /// Starts at the first position that no predecessor released.
  init(base: UnsafeMutableRawPointer) {
    words = RingWords(base: base)
    nextPosition = words.head.pointee.load(ordering: .acquiring)
    waits = words.waiting.pointee.load(ordering: .relaxed)
  }

  /// The next position to look at.
  @inlinable public var cursor: UInt64 { nextPosition }

  /// The next request, in order; nil when there is none yet. What was read must be released.
  @inlinable
  public mutating func next() -> (position: UInt64, reference: MailboxReference)? {
    let word = words.slot(cursor).pointee.load(ordering: .acquiring)
    let reference = UInt32(truncatingIfNeeded: word)
    guard word ^ UInt64(reference) == RingWords.free(cursor), reference != 0 else { return nil }
    let position = cursor
    nextPosition = position &+ 1
    return (position, MailboxReference(rawValue: reference))
  }

  @inlinable public var isEmpty: Bool {
    let word = words.slot(cursor).pointee.load(ordering: .acquiring)
    return word >> 32 != RingWords.free(cursor) >> 32 || word & 0xFFFF_FFFF == 0
  }

  /// Sleeps until there is work, `isDue` says so, or the time is over; true when there is work.
  /// `isDue` is asked after the wait was announced: a `SymbolSegment.wakeEngine()` that follows
  /// the change it looks at is not missed.
  @inlinable
  public mutating func waitForWork(timeoutNanos: Int64, unless isDue: () -> Bool = { false })
    -> Bool
  {
    if !isEmpty { return true }
    waits &+= 1
    if waits == 0 { waits = 1 }
    let seen = words.bell.pointee.load(ordering: .acquiring)
    words.waiting.pointee.store(waits, ordering: .relaxed)
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    if isEmpty && !isDue() { words.bell.sleep(while: seen, timeoutNanos: timeoutNanos) }
    words.waiting.pointee.store(0, ordering: .relaxed)
    return !isEmpty
  }
}

/// Frees the slots of answered requests; one thread of the engine, not always the reader's.
public struct RingReleaser {
  @usableFromInline let words: RingWords
  @usableFromInline var firstHeld: UInt64

  init(base: UnsafeMutableRawPointer) {
    words = RingWords(base: base)
    firstHeld = words.head.pointee.load(ordering: .acquiring)
    skipReleased()
  }

  /// The first position that is not released.
  @inlinable public var head: UInt64 { firstHeld }

  /// Frees every position up to and including this one, once all of them are answered. Slots
  /// first, then the head: a successor of one that died between skips what is free already.
  @inlinable
  public mutating func release(through position: UInt64) {
    while head <= position {
      free(head)
      firstHeld &+= 1
    }
    words.head.pointee.store(head, ordering: .releasing)
    while true {
      let tail = words.tail.pointee.load(ordering: .acquiring)
      if tail >= head { return }
      words.helpTail(past: tail)
    }
  }

  @inlinable
  package func free(_ position: UInt64) {
    let next = RingWords.free(position &+ UInt64(OUTCRY_RING_CAPACITY))
    words.slot(position).pointee.store(next, ordering: .releasing)
  }

  /// Slots that a predecessor freed before it died, without moving the head.
  private mutating func skipReleased() {
    let start = head
    while head &- start < UInt64(OUTCRY_RING_CAPACITY) {
      let lap = words.slot(head).pointee.load(ordering: .acquiring) >> 32
      let nextLap = RingWords.free(head &+ UInt64(OUTCRY_RING_CAPACITY)) >> 32
      if lap != nextLap { break }
      firstHeld &+= 1
    }
    if head != start { words.head.pointee.store(head, ordering: .releasing) }
  }
}
