import Synchronization

/// What all workers there ever were have counted, the dead ones too, so that no sum goes back.
public struct WorkerTotals: Sendable {
  /// By number of the series.
  public private(set) var series = [UInt64](repeating: 0, count: Int(OUTCRY_SERIES))
  public private(set) var histograms = [HistogramReading](
    repeating: HistogramReading(), count: Int(OUTCRY_LANE_HISTOGRAMS))

  public init() {}

  fileprivate mutating func add(slotBase: UnsafeMutableRawPointer, seriesCount: Int) {
    for lane in WorkerLane.allCases {
      let base = slotBase + Int(OUTCRY_SLOT_LANES) + lane.rawValue * Int(OUTCRY_LANE_LENGTH)
      for number in 0..<seriesCount {
        series[number] &+= base.word64(8 * number).pointee.load(ordering: .relaxed)
      }
      for number in histograms.indices {
        let start = Int(OUTCRY_LANE_HISTOGRAM) + number * Int(OUTCRY_HISTOGRAM_LENGTH)
        histograms[number] += HistogramReading(at: base + start)
      }
    }
  }
}

extension ExchangeSegment {
  /// Adds up the slots that were ever used.
  public func workerTotals() -> WorkerTotals {
    var totals = WorkerTotals()
    let count = seriesNames.count
    for slot in 0..<usedWorkerSlots { totals.add(slotBase: slotBase(slot), seriesCount: count) }
    return totals
  }

  /// What one worker counted, and those that had its slot before.
  public func workerTotals(ofSlot slot: Int) -> WorkerTotals {
    var totals = WorkerTotals()
    if slot >= 0, slot < usedWorkerSlots {
      totals.add(slotBase: slotBase(slot), seriesCount: seriesNames.count)
    }
    return totals
  }

  /// The gauges of the workers that live.
  public func workerGauges() -> [WorkerGauges] {
    liveWorkerSlots().filter { $0 < usedWorkerSlots }.map {
      WorkerGauges(slotBase: slotBase($0))
    }
  }

  /// Slots that nobody ever had are not looked at: reading them would cost memory.
  var usedWorkerSlots: Int {
    let word = segment.base.word32(Int(OUTCRY_EXCHANGE_SLOT_COUNT))
    return min(Int(word.pointee.load(ordering: .acquiring)), Int(OUTCRY_WORKER_SLOTS))
  }

  private func slotBase(_ slot: Int) -> UnsafeMutableRawPointer {
    slotsBase + slot * Int(OUTCRY_SLOT_LENGTH)
  }
}
