import SharedMemory

/// Shows how busy a lane of the slow pool is.
struct LaneLoad {
  private let lane: SlowPool.Lane
  private let gauges: WorkerGauges
  private let meter: WorkerMeter

  init(_ lane: SlowPool.Lane, _ slot: WorkerSlot, _ meter: WorkerMeter) {
    self.lane = lane
    gauges = slot.gauges
    self.meter = meter
  }

  func run(_ job: SlowPool.Job, _ worker: SlowWorker) {
    guard let waiting = lane.waiting, let busy = lane.busy else { return job.work(worker) }
    gauges.lower(waiting)
    gauges.raise(busy)
    let start = Clock.monotonicNanos()
    job.work(worker)
    gauges.lower(busy)
    guard lane == .database else { return }
    meter.record(WorkerHistogram.databaseWait, nanos: start - job.addedAt)
    meter.record(WorkerHistogram.databaseWork, nanos: Clock.monotonicNanos() - start)
  }
}

extension SlowPool.Lane {
  var size: WorkerGauge? {
    switch self {
    case .database: .databaseThreads
    case .hashing: .hashingThreads
    case .gathering, .figures: nil
    }
  }

  var busy: WorkerGauge? {
    switch self {
    case .database: .databaseBusy
    case .hashing: .hashingBusy
    case .gathering, .figures: nil
    }
  }

  var waiting: WorkerGauge? {
    switch self {
    case .database: .databaseWaiting
    case .hashing: .hashingWaiting
    case .gathering, .figures: nil
    }
  }
}
