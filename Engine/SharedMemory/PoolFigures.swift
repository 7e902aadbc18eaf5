import Synchronization

/// One number about the worker pool, in the exchange segment for whoever looks. The raw values are
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

/// The pool's numbers. Its master writes them, at least once a second; anybody reads them.
public struct PoolFigures: @unchecked Sendable {
  private let base: UnsafeMutableRawPointer
  /// Keeps the memory mapped.
  private let segment: Segment

  init(segment: Segment) {
    self.segment = segment
    base = segment.base + Int(OUTCRY_EXCHANGE_POOL)
  }

  public subscript(figure: PoolFigure) -> UInt64 {
    get { word(figure).pointee.load(ordering: .relaxed) }
    nonmutating set { word(figure).pointee.store(newValue, ordering: .relaxed) }
  }

  private func word(_ figure: PoolFigure) -> Word64 {
    precondition(figure.rawValue < Int(OUTCRY_POOL_FIGURES), "there is room for 64 figures")
    return base.word64(figure.rawValue * 8)
  }
}

extension ExchangeSegment {
  public var pool: PoolFigures { PoolFigures(segment: segment) }
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
