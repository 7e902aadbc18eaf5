import Synchronization

/// What all processes of one instance share: symbols, workers' mailboxes, the scoreboard.
public final class ExchangeSegment: Sendable {
  public let instance: Instance
  public let segment: Segment
  /// The directory has one writer at a time; the byte lock keeps processes apart, this threads.
  let directoryWriter = Mutex<Void>(())

  private init(instance: Instance, segment: Segment) {
    self.instance = instance
    self.segment = segment
  }

  public static func openOrCreate(_ instance: Instance) throws(SegmentError) -> ExchangeSegment {
    ExchangeSegment(
      instance: instance, segment: try Segment.openOrCreate(plan(instance)))
  }

  /// For those who only look; nil when the instance has no segment.
  public static func open(_ instance: Instance) throws(SegmentError) -> ExchangeSegment? {
    guard let segment = try Segment.openExisting(plan(instance)) else { return nil }
    return ExchangeSegment(instance: instance, segment: segment)
  }

  package static func plan(_ instance: Instance) -> SegmentPlan {
    SegmentPlan(
      name: instance.exchangeName, kind: 1, layout: UInt32(OUTCRY_EXCHANGE_LAYOUT), tag: 0,
      length: Int(OUTCRY_EXCHANGE_LENGTH), reserved: Int(OUTCRY_EXCHANGE_ENTRIES))
  }

  /// A free slot with its mailboxes, or that of a dead worker; nil when 64 workers live.
  public func claimWorkerSlot() throws(SegmentError) -> WorkerSlot? {
    for index in 0..<Int(OUTCRY_WORKER_SLOTS) {
      let byte = Int64(OUTCRY_LOCK_WORKER_SLOTS) + Int64(index)
      guard try segment.tryLock(byte) else { continue }
      do throws(SegmentError) {
        return try WorkerSlot(segment: segment, index: index)
      } catch {
        segment.unlock(byte)
        throw error
      }
    }
    return nil
  }

  /// The slots whose owner lives.
  public func liveWorkerSlots() -> [Int] {
    (0..<Int(OUTCRY_WORKER_SLOTS)).filter {
      segment.isLocked(Int64(OUTCRY_LOCK_WORKER_SLOTS) + Int64($0))
    }
  }

  var slotsBase: UnsafeMutableRawPointer { segment.base + Int(OUTCRY_EXCHANGE_SLOTS) }
}
