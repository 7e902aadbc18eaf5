import CShared
import Wire

/// Where the events of commands go: memory reserved once, of which only what is used costs.
///
/// One command can make very many events (a market order that sweeps the book, stops behind stops),
/// yet never more than `OrderBook.mostEventsPerCommand`. A buffer with that much room left cannot
/// overflow; one without it is a programmer's error that traps in `apply`.
public struct EventBuffer: ~Copyable {
  private static let keptAfterwards = 1 << 14

  private let base: UnsafeMutablePointer<Event>
  public let capacity: Int
  public private(set) var count = 0
  private var touched = 0

  public init(capacity: Int) throws(ReservationFailure) {
    let start = try Reservation.reserve(capacity * MemoryLayout<Event>.stride)
    base = start.bindMemory(to: Event.self, capacity: capacity)
    self.capacity = capacity
  }

  deinit { munmap(base, capacity * MemoryLayout<Event>.stride) }

  public var room: Int { capacity - count }

  public subscript(position: Int) -> Event {
    precondition(position >= 0 && position < count, "no such event")
    return base[position]
  }

  /// The events in the order in which they happened; valid inside the closure only.
  public func withEvents<Value>(
    _ body: (UnsafeBufferPointer<Event>) throws -> Value
  ) rethrows -> Value {
    try body(UnsafeBufferPointer(start: base, count: count))
  }

  /// Forgets the events. What an unusually large command has touched goes back to the system.
  public mutating func removeAll() {
    touched = max(touched, count)
    count = 0
    guard touched > EventBuffer.keptAfterwards else { return }
    let kept = EventBuffer.keptAfterwards * MemoryLayout<Event>.stride
    let bytes = touched * MemoryLayout<Event>.stride
    madvise(UnsafeMutableRawPointer(base) + kept, bytes - kept, MADV_DONTNEED)
    touched = 0
  }

  /// An empty event at the end, to be filled in at once.
  @inline(__always)
  mutating func add() -> UnsafeMutablePointer<Event> {
    precondition(count < capacity, "event buffer without room for a command")
    let event = base + count
    event.initialize(to: Event())
    count += 1
    return event
  }
}
