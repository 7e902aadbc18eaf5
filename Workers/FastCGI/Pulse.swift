import Glibc
import Synchronization

/// Shows others what one thread is doing: whether it has work, for how long it had in all, and
/// whether it still gets on with it. Only that thread calls `work` and `rest`.
public final class Pulse: Sendable {
  /// Odd while the thread is at work, one more with each change.
  private let turns = Atomic<UInt64>(1)
  /// When the present piece of work began.
  private let since: Atomic<Int64>
  private let worked = Atomic<UInt64>(0)

  public init() { since = Atomic(Pulse.now()) }

  public var value: UInt64 { turns.load(ordering: .acquiring) }

  /// Monotonic nanoseconds; for the thread itself.
  public var workingSince: Int64 { since.load(ordering: .relaxed) }

  /// Nanoseconds at work so far, the present piece included.
  public var busyNanos: UInt64 {
    while true {
      let before = turns.load(ordering: .acquiring)
      let done = worked.load(ordering: .acquiring)
      let start = since.load(ordering: .acquiring)
      guard turns.load(ordering: .acquiring) == before else { continue }
      return before & 1 == 0 ? done : done &+ UInt64(max(0, Pulse.now() - start))
    }
  }

  public func rest() {
    let done = worked.load(ordering: .relaxed)
    let start = since.load(ordering: .relaxed)
    worked.store(done &+ UInt64(max(0, Pulse.now() - start)), ordering: .releasing)
    turn()
  }

  public func work() {
    since.store(Pulse.now(), ordering: .releasing)
    turn()
  }

  private func turn() {
    turns.store(turns.load(ordering: .relaxed) &+ 1, ordering: .releasing)
  }

  static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
