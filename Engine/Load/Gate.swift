import Synchronization

/// Where threads wait for each other, and for the time to start.
final class Gate: Sendable {
  private let arrived = Atomic(0)
  private let startTime = Atomic<Int64>(0)
  private let stopped = Atomic(false)

  func arrive() { arrived.add(1, ordering: .relaxed) }
  var arrivals: Int { arrived.load(ordering: .relaxed) }

  func open(at time: Int64) { startTime.store(time, ordering: .relaxed) }
  var start: Int64? {
    let time = startTime.load(ordering: .relaxed)
    return time == 0 ? nil : time
  }

  func stop() { stopped.store(true, ordering: .relaxed) }
  var isStopped: Bool { stopped.load(ordering: .relaxed) }
}
