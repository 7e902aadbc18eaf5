import CShared
import Glibc
import Wire

/// What waits to be published. Whoever offers never waits: what finds no room is left out and
/// becomes a gap that the publisher announces.
public final class FeedInbox: @unchecked Sendable {
  /// What `take` hands over: a run of commands and, behind it, those that found no room.
  struct Content {
    var events: [Event] = []
    /// The commands of the `accepted` events, in their order.
    var placed: [Command] = []
    var lastSequence: UInt64 = 0
    var gap: ClosedRange<UInt64>?
    /// What was traded in the gap: candles know everything.
    var lost = CandleSeries()
    var isEmpty: Bool { lastSequence == 0 && gap == nil }

    mutating func removeAll() {
      events.removeAll(keepingCapacity: true)
      placed.removeAll(keepingCapacity: true)
      lastSequence = 0
      gap = nil
      lost.removeAll()
    }
  }

  private let capacity: Int
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let arrival = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  // Guarded by the mutex, which is all the exclusivity there has to be.
  @exclusivity(unchecked) private var content = Content()
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
  public func offer(_ command: Command, _ events: UnsafeBufferPointer<Event>) {
    let sequence = command.sequence
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    if content.gap != nil || content.events.count + events.count > capacity {
      content.gap = (content.gap?.lowerBound ?? sequence)...sequence
      for event in events where event.kind == EventKind.trade.rawValue {
        content.lost.absorb(price: event.price, quantity: event.quantity, time: event.time)
      }
    } else {
      for event in events where event.level_side != 0 || event.account != 0 {
        content.events.append(event)
        if event.kind == EventKind.accepted.rawValue { content.placed.append(command) }
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
