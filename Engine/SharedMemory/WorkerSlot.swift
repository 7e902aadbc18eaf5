import Glibc
import Synchronization

/// The mailboxes of one worker process. Owned through a byte lock until `abandon()` or death.
/// All functions may be called by any thread of the worker.
///
/// Which mailboxes are free is known here only, last in first out: the memory of those that a
/// worker never needed at once is never touched.
public final class WorkerSlot: Sendable {
  public let index: Int
  public let bell: Bell
  public let gauges: WorkerGauges
  private let segment: Segment
  private let lists: Mutex<Lists>

  private struct Lists {
    var small: [UInt16]
    var large: [UInt16]
    /// Left with an engine that was copying; looked at again when mailboxes are wanted.
    var retired: [UInt16]
    /// Whose body has memory.
    var backed: [Bool]
  }

  /// Comes after the lock is held: whatever the dead owner left posted will not be executed.
  init(segment: Segment, index: Int) throws(SegmentError) {
    self.segment = segment
    self.index = index
    let offset = Int(OUTCRY_EXCHANGE_SLOTS) + index * Int(OUTCRY_SLOT_LENGTH)
    try segment.reserve(offset: offset, length: Int(OUTCRY_SLOT_SMALL))
    let lanes = Int(OUTCRY_LANES) * Int(OUTCRY_LANE_LENGTH)
    try segment.reserve(offset: offset + Int(OUTCRY_SLOT_LANES), length: lanes)
    let base = segment.base + offset
    bell = Bell(slotBase: base)
    gauges = WorkerGauges(slotBase: base)
    gauges.reset()
    var lists = Lists(
      small: [], large: [], retired: [],
      backed: Array(repeating: false, count: Int(OUTCRY_MAILBOXES)))
    lists.small.reserveCapacity(Int(OUTCRY_SMALL_MAILBOXES))
    lists.large.reserveCapacity(Int(OUTCRY_LARGE_MAILBOXES))
    lists.retired.reserveCapacity(Int(OUTCRY_MAILBOXES))
    for mailbox in (0..<Int(OUTCRY_MAILBOXES)).reversed() {
      let place = MailboxPlace(slotBase: base, mailbox: mailbox)
      WorkerSlot.sort(mailbox, into: &lists, isFree: WorkerSlot.makeFree(place))
    }
    self.lists = Mutex(lists)
    let head = base.assumingMemoryBound(to: outcry_worker_slot.self)
    bell.waiters.pointee.store(0, ordering: .relaxed)
    head.pointee.pid = UInt32(getpid())
    head.pointee.claims &+= 1
    head.pointee.claimed_at = Clock.wallMicros()
    let used = segment.base.word32(Int(OUTCRY_EXCHANGE_SLOT_COUNT))
    used.pointee.max(UInt32(index + 1), ordering: .releasing)
  }

  /// For up to 16 commands; nil when all are in use: 503.
  public func acquireSmall() -> Mailbox? { acquire(large: false) }

  /// For up to 1,000 commands; nil when all are in use: 503.
  public func acquireLarge() -> Mailbox? { acquire(large: true) }

  /// Gives a mailbox back: unused, given up, answered and read, or, after `giveUp` said `retry`
  /// for too long, still with an engine.
  public func release(_ mailbox: Mailbox) {
    precondition(mailbox.state.phase != .posted, "give up before releasing")
    let isFree = WorkerSlot.makeFree(mailbox.place)
    lists.withLock { WorkerSlot.sort(mailbox.index, into: &$0, isFree: isFree) }
  }

  /// Where a thread of the worker counts; intake and completion are for one thread each.
  public func meter(_ lane: WorkerLane) -> WorkerMeter {
    WorkerMeter(slotBase: base, lane: lane)
  }

  /// How many mailboxes wait for an engine that died copying.
  public var retiredCount: Int { lists.withLock { $0.retired.count } }

  /// Lets go of the slot, for tests and an orderly end.
  public func abandon() { segment.unlock(Int64(OUTCRY_LOCK_WORKER_SLOTS) + Int64(index)) }

  private var base: UnsafeMutableRawPointer {
    segment.base + Int(OUTCRY_EXCHANGE_SLOTS) + index * Int(OUTCRY_SLOT_LENGTH)
  }

  private func acquire(large: Bool) -> Mailbox? {
    lists.withLock { lists -> Mailbox? in
      if !lists.retired.isEmpty { examineRetired(&lists) }
      guard let last = large ? lists.large.last : lists.small.last else { return nil }
      let mailbox = Int(last)
      guard back(mailbox, &lists) else { return nil }
      if large { lists.large.removeLast() } else { lists.small.removeLast() }
      let place = MailboxPlace(slotBase: base, mailbox: mailbox)
      return Mailbox(place: place, slot: index, index: mailbox)
    }
  }

  /// False when /dev/shm is full.
  private func back(_ mailbox: Int, _ lists: inout Lists) -> Bool {
    if lists.backed[mailbox] { return true }
    let isSmall = mailbox < Int(OUTCRY_SMALL_MAILBOXES)
    let offset = base - segment.base + MailboxPlace.bodyOffset(mailbox)
    let length = Int(isSmall ? OUTCRY_SMALL_BODY : OUTCRY_LARGE_BODY)
    guard (try? segment.reserve(offset: offset, length: length)) != nil else { return false }
    lists.backed[mailbox] = true
    return true
  }

  private func examineRetired(_ lists: inout Lists) {
    for _ in 0..<lists.retired.count {
      let mailbox = Int(lists.retired.removeFirst())
      let place = MailboxPlace(slotBase: base, mailbox: mailbox)
      WorkerSlot.sort(mailbox, into: &lists, isFree: WorkerSlot.makeFree(place))
    }
  }

  private static func sort(_ mailbox: Int, into lists: inout Lists, isFree: Bool) {
    if !isFree {
      lists.retired.append(UInt16(mailbox))
    } else if mailbox < Int(OUTCRY_SMALL_MAILBOXES) {
      lists.small.append(UInt16(mailbox))
    } else {
      lists.large.append(UInt16(mailbox))
    }
  }

  /// False while an engine copies from or to it.
  private static func makeFree(_ place: MailboxPlace) -> Bool {
    while true {
      let seen = place.load()
      switch seen.phase {
      case .idle: return true
      case .posted, .taken, .replied: if place.swap(seen, for: seen.next) { return true }
      case .copying, .writing, .broken: return false
      }
    }
  }
}
