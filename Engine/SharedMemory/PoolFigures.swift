import Synchronization

/// One number about a worker pool, in the exchange segment for whoever looks. The raw values are
/// places in shared memory: they are only ever added to.
public enum PoolFigure: Int, Sendable, CaseIterable {
  /// Microseconds since 1970: when the figures were last written, and when the pool was started.
  case updatedAt = 0
  case startedAt
  /// How many processes the operator allows at least and at most, and how many are wanted now.
  case least
  case most
  case target
  /// Processes, by what they are doing. Those of an older program or of older settings are
  /// outdated; they serve until their successors do.
  case starting
  case serving
  case draining
  case outdated
  /// Serving processes that did and did not answer anything in the last half second.
  case active
  case idle
  case mostActive
  /// Share of its time in which a serving process had work, in thousandths, on average.
  case busy
  /// How often more processes were wanted than are allowed.
  case limitReached
  /// Connections that wait to be accepted. `backlog` is how many may; 0: the kernel does not tell.
  case listenQueue
  case longestListenQueue
  case backlog
  /// Connections taken and open, requests begun, those under way now and at most at once.
  case accepted
  case connections
  case requests
  case underWay
  case mostUnderWay
  /// Requests that took longer than `OUTCRY_SLOW_REQUEST_MS`.
  case slow
  /// Requests refused because their account had asked too often.
  case limited
  /// Processes started; ended without being asked; replaced because they were stuck; replaced
  /// because they had answered enough requests.
  case started
  case died
  case stuck
  case recycled
  /// Rolling restarts begun, and those refused because the new program would not start.
  case reloads
  case reloadsRefused

  /// Counters only grow, also across restarts of the pool; the others go up and down.
  public var isCounter: Bool {
    switch self {
    case .limitReached, .accepted, .requests, .slow, .limited, .started, .died, .stuck, .recycled,
      .reloads, .reloadsRefused:
      true
    default: false
    }
  }
}

/// What one pool says of itself. Its master writes it, at least once a second.
public struct PoolRecord: @unchecked Sendable {
  private let base: UnsafeMutableRawPointer
  /// Keeps the memory mapped.
  private let segment: Segment
  private let index: Int

  init(segment: Segment, index: Int) {
    self.segment = segment
    self.index = index
    base = segment.base + Int(OUTCRY_EXCHANGE_POOLS) + 8 * Int(OUTCRY_POOL_FIGURES) * index
  }

  public subscript(figure: PoolFigure) -> UInt64 {
    get { word(figure).pointee.load(ordering: .relaxed) }
    nonmutating set { word(figure).pointee.store(newValue, ordering: .relaxed) }
  }

  /// How long a master may be gone that becomes another program, or is started again.
  private static let graceMicros: Int64 = 2_000_000

  /// Whether its master lives, or did a moment ago.
  var isAlive: Bool {
    segment.isLocked(Int64(OUTCRY_LOCK_POOLS) + Int64(index))
      || Clock.wallMicros() - Int64(clamping: self[.updatedAt]) < PoolRecord.graceMicros
  }

  private func word(_ figure: PoolFigure) -> Word64 {
    precondition(figure.rawValue < Int(OUTCRY_POOL_FIGURES), "there is room for 64 figures")
    return base.word64(figure.rawValue * 8)
  }
}

/// The numbers of all pools of the exchange together; several backends are a pool each.
public struct PoolFigures: Sendable {
  private let records: [PoolRecord]

  init(segment: Segment) {
    records = (0..<Int(OUTCRY_POOLS)).map { PoolRecord(segment: segment, index: $0) }
  }

  /// What counts is counted for pools that have gone, too.
  public subscript(figure: PoolFigure) -> UInt64 {
    let written = records.filter { $0[.updatedAt] != 0 }
    if figure.isCounter { return written.reduce(0) { $0 &+ $1[figure] } }
    let living = written.filter(\.isAlive)
    switch figure {
    case .startedAt: return living.map { $0[figure] }.min() ?? 0
    case .updatedAt, .mostActive, .longestListenQueue, .mostUnderWay:
      return living.map { $0[figure] }.max() ?? 0
    case .busy:
      let serving = living.reduce(0) { $0 + $1[.serving] }
      return living.reduce(0) { $0 + $1[.busy] * $1[.serving] } / max(1, serving)
    default: return living.reduce(0) { $0 &+ $1[figure] }
    }
  }
}

extension ExchangeSegment {
  public var pool: PoolFigures { PoolFigures(segment: segment) }

  /// For the master of a pool, until it ends: a place that is free, or that of one that died; nil
  /// when there are as many pools as there may be.
  public func claimPool() throws(SegmentError) -> PoolRecord? {
    for index in 0..<Int(OUTCRY_POOLS)
    where try segment.tryLock(Int64(OUTCRY_LOCK_POOLS) + Int64(index)) {
      return PoolRecord(segment: segment, index: index)
    }
    return nil
  }
}

/// Which counter of a worker's line on the scoreboard is which. They begin at 0 with the process.
public enum WorkerMetric {
  /// Requests begun, and those under way.
  public static let requests = 0
  public static let underWay = 1
  /// Connections taken, and those open.
  public static let accepted = 2
  public static let connections = 3
  /// Requests that wait for an engine.
  public static let waiting = 4
  /// Requests that took longer than `OUTCRY_SLOW_REQUEST_MS`.
  public static let slow = 5
  /// Requests refused because their account had asked too often.
  public static let limited = 6
  /// Nanoseconds in which the thread that reads requests had work.
  public static let busyNanos = 7
}
