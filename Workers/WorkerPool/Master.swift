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
/// | SIGHUP | replace the children one by one, each only when its successor is ready |
/// | SIGTTIN, SIGTTOU | one child more, one less |
/// | SIGUSR1 with a value (sigqueue) | that many children |
///
/// A signal carries the wanted number itself, so there is no file or word for a dying operator's
/// tool to leave half-written, and two that arrive together end with the later one.
public final class Master {
  public struct Options: Sendable {
    public var program: String
    public var arguments: [String]
    public var count: Int
    public var drainSeconds: Int64 = 10

    public init(program: String, arguments: [String], count: Int) {
      self.program = program
      self.arguments = arguments
      self.count = count
    }
  }

  /// Shared memory has this many worker slots.
  public static let largestCount = 64

  private let options: Options
  private let log: Log
  private let signals: SignalQueue
  private let listener: Int32
  private let report: (Figures) -> Void
  private var members: [Member] = []
  private var target: Int
  private var wave = 0
  private var brake = RestartBrake()
  private var isStopping = false
  private var figures = Figures()

  /// What the scoreboard shows of the pool.
  public struct Figures: Sendable {
    public var target = 0
    public var serving = 0
    public var draining = 0
    public var started: UInt64 = 0
    public var died: UInt64 = 0
    public var isStopping = false
  }

  /// Takes over the socket; blocks the signals it handles for the calling process. `report` is
  /// called after every turn of the loop, at least once a second.
  public init(
    socket: ListeningSocket, options: Options, log: Log,
    report: @escaping (Figures) -> Void = { _ in }
  ) throws(SystemCallError) {
    self.options = options
    self.log = log
    self.report = report
    target = Master.clamp(options.count)
    signals = try SignalQueue([SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGTTIN, SIGTTOU, SIGUSR1])
    // Away from the numbers at which children find things, lest one be put over the other; and
    // closed in children but for the copy they get at descriptor 0.
    listener = fcntl(socket.descriptor, F_DUPFD_CLOEXEC, 10)
    guard listener >= 0 else { throw SystemCallError("fcntl") }
    close(socket.descriptor)
  }

  /// Returns when the pool was told to stop and every child is gone.
  public func run() {
    log.info("pool starts", ["target": target])
    while true {
      takeSignals()
      collectDead()
      let now = Clock.monotonicNanos()
      enforceDeadlines(now)
      if isStopping, members.isEmpty { break }
      reconcile(now)
      publish()
      waitForNews(now)
    }
    publish()
    log.info("pool stopped")
  }

  private static func clamp(_ count: Int) -> Int { min(max(count, 1), largestCount) }

  private func takeSignals() {
    while let arrival = signals.next() {
      switch arrival.number {
      case SIGTERM, SIGINT:
        if !isStopping { log.info("stopping", ["children": members.count]) }
        isStopping = true
      case SIGHUP:
        wave += 1
        log.info("rolling restart", ["wave": wave])
      case SIGTTIN: scale(to: target + 1)
      case SIGTTOU: scale(to: target - 1)
      case SIGUSR1: if let value = arrival.value { scale(to: Int(value)) }
      default: break
      }
    }
  }

  private func scale(to count: Int) {
    let count = Master.clamp(count)
    log.info("scaling", ["from": target, "to": count])
    target = count
  }

  private func collectDead() {
    var status: Int32 = 0
    while true {
      let pid = waitpid(-1, &status, WNOHANG)
      guard pid > 0 else { return }
      guard let index = members.firstIndex(where: { $0.pid == pid }) else { continue }
      let member = members.remove(at: index)
      if member.readiness >= 0 { close(member.readiness) }
      let death = Death(status: status)
      if member.isDraining {
        log.info("child finished", ["child": Int(pid), "death": death.description])
        continue
      }
      let now = Clock.monotonicNanos()
      let lifetime = now - member.startedAt
      figures.died += 1
      brake.record(lifetime: member.stage == .serving ? lifetime : 0, now: now)
      log.warning(
        "child died",
        [
          "child": Int(pid), "death": death.description,
          "lifetimeMilliseconds": lifetime / 1_000_000,
          "wasReady": member.stage == .serving,
          "restartInMilliseconds": max(0, brake.notBefore - now) / 1_000_000,
        ])
    }
  }

  private func enforceDeadlines(_ now: Int64) {
    for member in members {
      if case .draining(let deadline) = member.stage, now >= deadline {
        log.warning("child did not finish in time", ["child": Int(member.pid)])
        kill(member.pid, SIGKILL)
      }
    }
  }

  /// Moves one step towards the target number of children of the newest wave. A replacement is
  /// ready before what it replaces is told to go, so that somebody always serves.
  private func reconcile(_ now: Int64) {
    if isStopping {
      for index in members.indices where !members[index].isDraining { drain(index, now) }
      return
    }
    let staying = members.filter { !$0.isDraining }
    let outdated = staying.contains { $0.wave < wave }
    let wanted = outdated ? target + 1 : target
    if now >= brake.notBefore {
      for _ in 0..<max(0, wanted - staying.count) { start(now) }
    }
    let starting = staying.contains { $0.stage == .starting }
    if outdated, !starting, staying.count > target,
      let index = members.firstIndex(where: { !$0.isDraining && $0.wave < wave })
    {
      drain(index, now)
    }
    if !outdated {
      for _ in 0..<max(0, staying.count - target) {
        guard let index = members.lastIndex(where: { !$0.isDraining }) else { break }
        drain(index, now)
      }
    }
  }

  private func start(_ now: Int64) {
    do {
      members.append(
        try Member.start(
          options.program, options.arguments, listener: listener, wave: wave, now: now))
      figures.started += 1
    } catch {
      log.error("cannot start a child", ["cause": error.description])
      // Twice: what cannot be started is not tried again at once.
      brake.record(lifetime: 0, now: now)
      brake.record(lifetime: 0, now: now)
    }
  }

  private func drain(_ index: Int, _ now: Int64) {
    members[index].stage = .draining(until: now + options.drainSeconds * 1_000_000_000)
    kill(members[index].pid, SIGTERM)
  }

  private func publish() {
    figures.target = target
    figures.serving = members.count { $0.stage == .serving }
    figures.draining = members.count { $0.isDraining }
    figures.isStopping = isStopping
    report(figures)
  }

  /// Sleeps until a signal, a child's readiness, or the next deadline.
  private func waitForNews(_ now: Int64) {
    var wakeAt = now + 1_000_000_000
    if brake.notBefore > now { wakeAt = min(wakeAt, brake.notBefore) }
    var watched = [pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0)]
    for member in members {
      if case .draining(let deadline) = member.stage { wakeAt = min(wakeAt, deadline) }
      if member.readiness >= 0 {
        watched.append(pollfd(fd: member.readiness, events: Int16(POLLIN), revents: 0))
      }
    }
    let milliseconds = Int32(clamping: max(0, wakeAt - now) / 1_000_000 + 1)
    guard poll(&watched, nfds_t(watched.count), milliseconds) > 0 else { return }
    for entry in watched.dropFirst() where entry.revents != 0 { readReadiness(entry.fd) }
  }

  private func readReadiness(_ descriptor: Int32) {
    guard let index = members.firstIndex(where: { $0.readiness == descriptor }) else { return }
    var byte: UInt8 = 0
    let isReady = read(descriptor, &byte, 1) == 1
    close(descriptor)
    members[index].readiness = -1
    if isReady, members[index].stage == .starting { members[index].stage = .serving }
  }
}
