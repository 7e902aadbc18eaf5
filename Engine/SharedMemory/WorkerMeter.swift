import Synchronization

/// Who writes a lane of a worker's figures. Intake and completion are one thread each and add
/// without a locked instruction; all others share a lane.
public enum WorkerLane: Int, CaseIterable, Sendable {
  case intake = 0
  case completion
  case others
}

/// What is asked for, as far as its duration is concerned. The numbers lie in shared memory, where
/// a newer program may find those of an older one: they are never given to something else.
public enum RequestClass: Int, CaseIterable, Sendable {
  /// One command, answered by an engine.
  case order = 0
  case batch
  /// From shared memory.
  case market
  /// From the tables.
  case history
  /// Accounts and credentials.
  case account
  case admin
  case other
}

/// Which of a lane's histograms is which; as fixed as the numbers above.
public enum WorkerHistogram {
  /// From a request's arrival to its command's place in the ring.
  public static let intake = 0
  /// From the engine's answer in shared memory to the answer on its way to nginx.
  public static let reply = 1
  /// How long work waited for a thread with a connection to the database, and kept it busy.
  public static let databaseWait = 2
  public static let databaseWork = 3

  /// The whole of a request by what it asked for and the first digit of its status.
  @inlinable
  public static func request(_ kind: RequestClass, status: Int) -> Int {
    4 + kind.rawValue * 4 + min(max(status / 100 - 2, 0), 3)
  }
}

/// Where one thread of a worker counts. What it writes outlives the process: the next owner of the
/// slot goes on from there.
@frozen
public struct WorkerMeter: @unchecked Sendable {
  @usableFromInline let base: UnsafeMutableRawPointer
  @usableFromInline let isShared: Bool

  init(slotBase: UnsafeMutableRawPointer, lane: WorkerLane) {
    base = slotBase + Int(OUTCRY_SLOT_LANES) + lane.rawValue * Int(OUTCRY_LANE_LENGTH)
    isShared = lane == .others
  }

  /// One more of a series; its number is from `ExchangeSegment.series`.
  @inlinable
  public func count(_ series: Int) {
    precondition(series >= 0 && series < Int(OUTCRY_SERIES), "no such series")
    add(1, at: 8 &* series)
  }

  @inlinable
  public func record(_ histogram: Int, nanos: Int64) {
    precondition(histogram >= 0 && histogram < Int(OUTCRY_LANE_HISTOGRAMS), "no such histogram")
    let start = Int(OUTCRY_LANE_HISTOGRAM) &+ histogram &* Int(OUTCRY_HISTOGRAM_LENGTH)
    let nanos = max(0, nanos)
    add(1, at: start &+ 8 &* Histogram.bucket(of: nanos))
    add(UInt64(nanos), at: start &+ Int(OUTCRY_HISTOGRAM_SUM))
  }

  @inlinable
  func add(_ amount: UInt64, at offset: Int) {
    if isShared {
      _ = base.word64(offset).pointee.add(amount, ordering: .relaxed)
    } else {
      base.word64(offset).addAlone(amount)
    }
  }
}

/// How many of something a worker has at this moment. They begin at zero with each owner.
public enum WorkerGauge: Int, CaseIterable, Sendable {
  case databaseThreads = 0
  case databaseBusy
  case databaseWaiting
  case hashingThreads
  case hashingBusy
  case hashingWaiting
  case databaseConnections
}

/// A worker's gauges, for any of its threads; none of them is on the order path.
public struct WorkerGauges: @unchecked Sendable {
  private let base: UnsafeMutableRawPointer

  init(slotBase: UnsafeMutableRawPointer) { base = slotBase + Int(OUTCRY_SLOT_GAUGES) }

  public func raise(_ gauge: WorkerGauge, by amount: Int = 1) {
    _ = word(gauge).pointee.add(UInt64(amount), ordering: .relaxed)
  }

  public func lower(_ gauge: WorkerGauge) {
    _ = word(gauge).pointee.subtract(1, ordering: .relaxed)
  }

  public subscript(gauge: WorkerGauge) -> Int {
    Int(truncatingIfNeeded: word(gauge).pointee.load(ordering: .relaxed))
  }

  func reset() {
    for gauge in 0..<Int(OUTCRY_GAUGES) {
      base.word64(8 * gauge).pointee.store(0, ordering: .relaxed)
    }
  }

  private func word(_ gauge: WorkerGauge) -> Word64 { base.word64(8 * gauge.rawValue) }
}
