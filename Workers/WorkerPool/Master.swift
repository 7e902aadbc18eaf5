import CShared
import Glibc
import Processes
import Settings
import SharedMemory

/// Keeps a number of child processes on one listening socket, like php-fpm's master. It never
/// accepts a connection itself, so whatever happens to a child does not happen to the socket.
///
/// | signal | |
/// |---|---|
/// | SIGTERM, SIGINT | drain all children, then end |
/// | SIGHUP | become the program at the own path, then replace the children one by one |
/// | SIGTTIN, SIGTTOU | one child more, one less |
/// | SIGUSR1 with a value (sigqueue) | that many children, or a range of them |
///
/// A signal carries the wanted number itself, so there is no file or word for a dying operator's
/// tool to leave half-written, and two that arrive together end with the later one.
public final class Master {
  public struct Options: Sendable {
    public var program: String
    /// Of a child, and of the master itself.
    public var childArguments: [String]
    public var masterArguments: [String]
    /// With these the program only says, by its exit status, whether it could start.
    public var checkArguments: [String]
    public var count: WorkerCount
    public var drainSeconds: Int64 = 10
    /// A child that has work and does nothing for so long is replaced.
    public var stuckSeconds: Int64 = 5
    /// After so many requests too; 0: never.
    public var recycleAfter: UInt64 = 0

    public init(
      program: String, childArguments: [String], masterArguments: [String],
      checkArguments: [String], count: WorkerCount
    ) {
      self.program = program
      self.childArguments = childArguments
      self.masterArguments = masterArguments
      self.checkArguments = checkArguments
      self.count = count
    }
  }

  let options: Options
  let log: Log
  let listener: Int32
  /// Where the numbers go that others read; nil for a pool that is part of no exchange.
  let figures: PoolRecord?
  private let signals: SignalQueue
  private let onTurn: (_ isStopping: Bool) -> Void

  var members: [Member] = []
  /// What the operator allows, and the number in it that is wanted now.
  var allowed: WorkerCount
  var target: Int
  var wave = 0
  var brake = RestartBrake()
  var elasticity = Elasticity()
  var isAtLimit = false
  /// The new program that says whether it could start, and until when it has to.
  var check: (pid: pid_t, until: Int64)?
  private(set) var isStopping = false

  /// Blocks the signals it handles for the calling process. The socket is asked for unless a
  /// predecessor in this process left one, with its children. `onTurn` is called at least once a
  /// second.
  public init(
    options: Options, log: Log, figures: PoolRecord? = nil,
    socket: () throws(SystemCallError) -> ListeningSocket,
    onTurn: @escaping (_ isStopping: Bool) -> Void = { _ in }
  ) throws(SystemCallError) {
    self.options = options
    self.log = log
    self.figures = figures
    self.onTurn = onTurn
    signals = try SignalQueue([SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGTTIN, SIGTTOU, SIGUSR1])
    if let left = Handover.take() {
      listener = left.listener
      wave = left.wave
      // What the operator asked for while it ran holds until the settings say something new.
      allowed = left.configured == options.count ? left.allowed : options.count
      target = min(max(left.target, allowed.least), allowed.most)
      members = left.children.map(Member.init)
      log.info("pool goes on in a new program", ["children": members.count, "wave": wave])
      return
    }
    allowed = options.count
    target = allowed.least
    let given = try socket()
    // Away from the numbers at which children find things, lest one be put over the other; and
    // closed in children but for the copy they get at descriptor 0.
    listener = fcntl(given.descriptor, F_DUPFD_CLOEXEC, 10)
    guard listener >= 0 else { throw SystemCallError("fcntl") }
    close(given.descriptor)
    figures?.startAgain()
    log.info("pool starts", ["target": target])
  }

  /// Returns when the pool was told to stop and every child is gone.
  public func run() {
    while true {
      takeSignals()
      takeReports(now: Clock.monotonicNanos())
      collectDead()
      let now = Clock.monotonicNanos()
      endStuck(now)
      enforceDeadlines(now)
      if isStopping, members.isEmpty { break }
      adapt(now)
      reconcile(now)
      publish()
      onTurn(isStopping)
      waitForNews(now)
    }
    publish()
    onTurn(isStopping)
    log.info("pool stopped")
  }

  private func takeSignals() {
    while let arrival = signals.next() {
      switch arrival.number {
      case SIGTERM, SIGINT:
        if !isStopping { log.info("stopping", ["children": members.count]) }
        isStopping = true
      case SIGHUP: if !isStopping { beginReload() }
      case SIGTTIN: scale(to: WorkerCount(target + 1, to: target + 1))
      case SIGTTOU: scale(to: WorkerCount(target - 1, to: target - 1))
      case SIGUSR1: scale(to: arrival.value.flatMap(WorkerCount.init(packed:)))
      default: break
      }
    }
  }

  /// Nil is a number of children that cannot be.
  private func scale(to count: WorkerCount?) {
    guard let count else { return }
    log.info("scaling", ["from": allowed.description, "to": count.description])
    allowed = count
    target = min(max(target, count.least), count.most)
  }

  /// Sleeps until a signal, the first report of a child, or the next deadline.
  private func waitForNews(_ now: Int64) {
    var wakeAt = now + 1_000_000_000
    if brake.notBefore > now { wakeAt = min(wakeAt, brake.notBefore) }
    if let check { wakeAt = min(wakeAt, check.until) }
    var watched = [pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0)]
    for member in members {
      if case .draining(let deadline) = member.stage { wakeAt = min(wakeAt, deadline) }
      if member.stage == .starting, !member.isSilent {
        watched.append(pollfd(fd: member.socket, events: Int16(POLLIN), revents: 0))
      }
    }
    poll(&watched, nfds_t(watched.count), Int32(clamping: max(0, wakeAt - now) / 1_000_000 + 1))
  }
}
