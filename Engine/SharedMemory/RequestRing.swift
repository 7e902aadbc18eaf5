import Synchronization

/// The words of a symbol's request ring. A *position* counts requests since the ring was made;
/// its *lap* is how often the ring had gone round before it (modulo 2^32).
@frozen
@usableFromInline
struct RingWords {
  @usableFromInline let base: UnsafeMutableRawPointer

  @inlinable init(base: UnsafeMutableRawPointer) { self.base = base }

  @inlinable var tail: Word64 { base.word64(Int(OUTCRY_SYMBOL_TAIL)) }
  @inlinable var head: Word64 { base.word64(Int(OUTCRY_SYMBOL_HEAD)) }
  @inlinable var bell: Word32 { base.word32(Int(OUTCRY_SYMBOL_BELL)) }
  @inlinable var waiting: Word32 { base.word32(Int(OUTCRY_SYMBOL_WAITING)) }

  @inlinable
  func slot(_ position: UInt64) -> Word64 {
    let index = Int(truncatingIfNeeded: position & UInt64(OUTCRY_RING_CAPACITY - 1))
    return base.word64(Int(OUTCRY_SYMBOL_RING) &+ index &* 8)
  }

  /// The slot's word while it is free for this position; with a reference added, while full.
  @inlinable
  static func free(_ position: UInt64) -> UInt64 {
    (position >> UInt64(OUTCRY_RING_BITS)) << 32
  }

  /// Raised by whoever sees that the slot at `position` is published, so that a writer that died
  /// right after publishing holds nobody up.
  @inlinable
  func helpTail(past position: UInt64) {
    _ = tail.pointee.compareExchange(
      expected: position, desired: position &+ 1, ordering: .acquiringAndReleasing)
  }

  @inlinable var depth: Int {
    let first = head.pointee.load(ordering: .acquiring)
    let next = tail.pointee.load(ordering: .acquiring)
    return max(0, Int(truncatingIfNeeded: next &- first))
  }

  /// Wakes the engine if it sleeps. The bell is raised before the flag goes down, so a ringer
  /// that dies half-way costs at most its own ring: the next one still sees the flag.
  @inlinable
  func ring() {
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    let wait = waiting.pointee.load(ordering: .relaxed)
    if wait == 0 { return }
    bell.pointee.add(1, ordering: .releasing)
    bell.wake(1)
    // By number: a late ringer must not hide the next wait.
    _ = waiting.pointee.compareExchange(expected: wait, desired: 0, ordering: .relaxed)
  }
}

/// The writing end of a symbol's request ring, for any number of processes and threads.
public struct RequestRing: @unchecked Sendable {
  @usableFromInline let words: RingWords

  init(base: UnsafeMutableRawPointer) { words = RingWords(base: base) }

  /// Queues a posted mailbox and wakes the engine; its position, or nil when the ring is full.
  /// One writer's requests keep their order.
  @inlinable
  public func push(_ reference: MailboxReference) -> UInt64? {
    guard let position = publish(reference) else { return nil }
    words.helpTail(past: position)
    words.ring()
    return position
  }

  /// Requests that are queued or taken but not yet released.
  @inlinable public var depth: Int { words.depth }

  @inlinable public var capacity: Int { Int(OUTCRY_RING_CAPACITY) }

  /// The one step that counts: a slot goes from free to full in a single swap, so there is no
  /// moment at which a writer holds a place that it has not filled.
  @inlinable
  package func publish(_ reference: MailboxReference) -> UInt64? {
    precondition(reference.rawValue != 0, "not a reference")
    while true {
      let position = words.tail.pointee.load(ordering: .acquiring)
      let slot = words.slot(position)
      let free = RingWords.free(position)
      let (exchanged, seen) = slot.pointee.compareExchange(
        expected: free, desired: free | UInt64(reference.rawValue),
        ordering: .acquiringAndReleasing)
      if exchanged { return position }
      if seen >> 32 == (free >> 32 &- 1) & 0xFFFF_FFFF {
        // The lap before is still in it: full, unless the tail was read long ago.
        if words.tail.pointee.load(ordering: .acquiring) == position { return nil }
      } else {
        words.helpTail(past: position)
      }
    }
  }

  package func completePush(at position: UInt64) {
    words.helpTail(past: position)
    words.ring()
  }
}
