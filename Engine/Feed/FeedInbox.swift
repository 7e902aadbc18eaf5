import CShared
import Glibc
import Wire

/// What waits to be published. Whoever offers never waits: what finds no room is left out and
/// becomes a gap that the publisher announces.
public final class FeedInbox: @unchecked Sendable {
  /// What `take` hands over: a run of commands and, behind it, those that found no room.
  struct Content {
    var events: [Event] = []
    var lastSequence: UInt64 = 0
    var gap: ClosedRange<UInt64>?
    var isEmpty: Bool { lastSequence == 0 && gap == nil }

    mutating func removeAll() {
      events.removeAll(keepingCapacity: true)
      lastSequence = 0
      gap = nil
    }
  }

  private let capacity: Int
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let arrival = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  // Guarded by the mutex.
  private var content = Content()
  private var isWaiting = false
  private var closed = false

  public init(capacity: Int = 65_536) {
    self.capacity = capacity
    content.events.reserveCapacity(capacity)
    pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(arrival, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(arrival)
    pthread_mutex_destroy(mutex)
    arrival.deallocate()
    mutex.deallocate()
  }

  /// Takes copies of a committed command's events, of those that subscribers see.
  public func offer(sequence: UInt64, _ events: UnsafeBufferPointer<Event>) {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    if content.gap != nil || content.events.count + events.count > capacity {
      content.gap = (content.gap?.lowerBound ?? sequence)...sequence
    } else {
      for event in events
      where event.level_side != 0 || event.kind == EventKind.trade.rawValue {
        content.events.append(event)
      }
      content.lastSequence = sequence
    }
    if isWaiting { pthread_cond_signal(arrival) }
  }

  /// No more will come; the publisher ends when it has published the rest.
  public func close() {
    pthread_mutex_lock(mutex)
    closed = true
    pthread_cond_signal(arrival)
    pthread_mutex_unlock(mutex)
  }

  /// Swaps what there is for `other`, which is empty; waits for something at most until the
  /// deadline (CLOCK_MONOTONIC nanoseconds). False when closed and empty.
  func take(_ other: inout Content, until deadline: Int64) -> Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    var limit = timespec(
      tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
    isWaiting = true
    while content.isEmpty && !closed {
      if pthread_cond_timedwait(arrival, mutex, &limit) == ETIMEDOUT { break }
    }
    isWaiting = false
    let goesOn = !closed || !content.isEmpty
    swap(&content, &other)
    return goesOn
  }

  var isClosed: Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return closed
  }
}
