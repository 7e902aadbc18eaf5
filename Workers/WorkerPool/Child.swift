import CShared
import Glibc
import Processes
import Settings
import SharedMemory

/// The child's side of the pool: its socket, its signals, what it reports, the end of its master.
///
/// SIGTERM from the master: drain now. When the master dies the kernel sends SIGUSR2, and the
/// child goes on accepting for a moment: by then a new master has brought its own children, so
/// nobody who connects in between is refused. Then it drains too.
public final class Child {
  public struct Options: Sendable {
    public var orphanMilliseconds: Int64 = 1000
    public var drainSeconds: Int64 = 8

    public init() {}
  }

  public var listener: Int32 { Inheritance.listener }

  private let options: Options
  private let log: Log
  private let signals: SignalQueue
  private let finished: FinishBell
  private let isOrphan: Bool

  /// To be made before any thread starts.
  public init(options: Options = Options(), log: Log) throws(SystemCallError) {
    self.options = options
    self.log = log
    signals = try SignalQueue([SIGTERM, SIGINT, SIGHUP, SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2])
    finished = try FinishBell()
    _ = fcntl(Inheritance.reports, F_SETFD, FD_CLOEXEC)
    _ = outcry_signal_on_parent_death(SIGUSR2)
    // The master may have died before the line above.
    let master = getenv(Inheritance.masterVariable).map { atoi($0) }
    isOrphan = master != nil && master != getppid()
  }

  /// What the service calls, from any thread, when it has drained.
  public var whenDrained: @Sendable () -> Void {
    let finished = finished
    return { finished.ring() }
  }

  /// Runs until the service, which serves now, has drained or may not wait any longer. `tick` is
  /// called about twice a second for what the master shall know, `drain` once.
  public func run(tick: () -> Report, drain: () -> Void) {
    var drainAt =
      isOrphan ? Clock.monotonicNanos() + options.orphanMilliseconds * 1_000_000 : Int64.max
    var endAt = Int64.max
    while true {
      while let arrival = signals.next() {
        switch arrival.number {
        case SIGTERM: drainAt = min(drainAt, Clock.monotonicNanos())
        case SIGUSR2:
          log.warning("the master is gone")
          drainAt = min(drainAt, Clock.monotonicNanos() + options.orphanMilliseconds * 1_000_000)
        default: break
        }
      }
      let now = Clock.monotonicNanos()
      if endAt == Int64.max, now >= drainAt {
        endAt = now + options.drainSeconds * 1_000_000_000
        drain()
      }
      tick().send(to: Inheritance.reports)
      if now >= endAt { return log.warning("requests were left unfinished") }
      let wakeAt = min(now + 500_000_000, endAt == Int64.max ? drainAt : endAt)
      var watched = [
        pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0),
        pollfd(fd: finished.descriptor, events: Int16(POLLIN), revents: 0),
      ]
      poll(&watched, 2, Int32(max(0, wakeAt - now) / 1_000_000 + 1))
      guard watched[1].revents != 0 else { continue }
      tick().send(to: Inheritance.reports)
      return
    }
  }
}

final class FinishBell: Sendable {
  let descriptor: Int32

  init() throws(SystemCallError) {
    descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    guard descriptor >= 0 else { throw SystemCallError("eventfd") }
  }

  deinit { close(descriptor) }

  func ring() {
    var one: UInt64 = 1
    write(descriptor, &one, 8)
  }
}
