import CShared
import Glibc
import SharedMemory
import Synchronization

/// Work that may wait for the database or costs a password hash. It has its own threads, so that
/// trading never stands behind it.
///
/// Two lanes: a crowd that logs in must not hold up who asks for history, or whose first order
/// needs its token looked up. The hashing threads also step back for all others on the processor.
final class SlowPool: Sendable {
  enum Lane: Int, CaseIterable {
    case database
    case hashing
    /// Waits for other shards, whose answers come from their database lane: so no two shards can
    /// wait for each other's threads.
    case gathering
    /// Answers while the database does not, so it must never stand behind what waits for that.
    case figures

    var threads: Int {
      switch self {
      case .database: 3
      case .hashing: 2
      case .gathering: 4
      case .figures: 1
      }
    }
  }

  typealias Work = @Sendable (SlowWorker) -> Void

  struct Job: Sendable {
    let addedAt = Clock.monotonicNanos()
    let work: Work
  }

  private let lanes: [JobQueue]

  init(capacity: Int = 256) {
    lanes = Lane.allCases.map { _ in JobQueue(capacity: capacity) }
  }

  /// How many requests wait for a thread that reads the database.
  var queued: Int { lanes[Lane.database.rawValue].count }

  /// False when the lane is full.
  func add(to lane: Lane, of slot: WorkerSlot, _ work: @escaping Work) -> Bool {
    let waiting = lane.waiting
    if let waiting { slot.gauges.raise(waiting) }
    if lanes[lane.rawValue].push(Job(work: work)) { return true }
    if let waiting { slot.gauges.lower(waiting) }
    return false
  }

  func start(_ core: Core) {
    for lane in Lane.allCases {
      if let gauge = lane.size { core.slot.gauges.raise(gauge, by: lane.threads) }
      for number in 0..<lane.threads {
        startThread("\(lane) \(number)") { [queue = lanes[lane.rawValue]] in
          if lane == .hashing { stepBack() }
          let worker = SlowWorker(core)
          let load = LaneLoad(lane, core.slot, worker.handler.meter.lane)
          while true {
            if let job = queue.pop(for: worker) {
              load.run(job, worker)
            } else {
              worker.closeConnection()
            }
          }
        }
      }
    }
  }
}

/// Makes the calling thread nice; on Linux niceness is a thread's own.
private func stepBack() {
  setpriority(__priority_which_t(PRIO_PROCESS.rawValue), id_t(outcry_thread_id()), 10)
}

/// A bounded queue of jobs.
private final class JobQueue: Sendable {
  private let capacity: Int
  private let jobs = Mutex<[SlowPool.Job]>([])
  private let bell = JobBell()

  init(capacity: Int) { self.capacity = capacity }

  var count: Int { jobs.withLock(\.count) }

  func push(_ job: SlowPool.Job) -> Bool {
    let hasRoom = jobs.withLock { jobs in
      guard jobs.count < capacity else { return false }
      jobs.append(job)
      return true
    }
    if hasRoom { bell.ring() }
    return hasRoom
  }

  /// Nil when nothing came for so long that the worker's connection is better closed: many
  /// processes share what PostgreSQL allows.
  func pop(for worker: SlowWorker) -> SlowPool.Job? {
    let end = Clock.monotonicNanos() + worker.idleNanos
    while true {
      let seen = bell.now
      if let job = jobs.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { return job }
      guard worker.isConnected else {
        bell.wait(after: seen, timeoutNanos: -1)
        continue
      }
      let left = end - Clock.monotonicNanos()
      guard left > 0 else { return nil }
      bell.wait(after: seen, timeoutNanos: left)
    }
  }
}

private final class JobBell: @unchecked Sendable {
  private let word: UnsafeMutablePointer<Atomic<UInt32>>

  init() {
    word = .allocate(capacity: 1)
    word.initialize(to: Atomic(0))
  }

  deinit { word.deallocate() }

  var now: UInt32 { word.pointee.load(ordering: .acquiring) }

  /// For ever when the time is negative.
  func wait(after seen: UInt32, timeoutNanos: Int64) {
    let plain = UnsafeRawPointer(word).assumingMemoryBound(to: UInt32.self)
    _ = outcry_futex_wait(plain, seen, timeoutNanos)
  }

  func ring() {
    word.pointee.add(1, ordering: .sequentiallyConsistent)
    outcry_futex_wake(UnsafeMutableRawPointer(word).assumingMemoryBound(to: UInt32.self), 1)
  }
}
