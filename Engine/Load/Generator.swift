import CShared
import Glibc
import Synchronization

/// One thread's share of a run: its connections in one epoll set, and what is due in one schedule.
///
/// Everything in it ends: connecting after five seconds, a request after its time-out, what is
/// left at the end of the run after the same time. `number` names the thread in client order ids.
final class Generator: @unchecked Sendable {
  private let plan: Plan
  /// Which of the threads it is.
  private let part: Int
  private let target: Target
  private let links: [Link]
  private let gate: Gate
  private let poll: Int32
  private var traffic: Traffic
  private var events = [epoll_event](repeating: epoll_event(), count: 256)
  private var free = WaitingLine()
  private var schedule: Schedule?
  private var endAt = Int64.max
  private var measureFrom = Int64.max
  private var phase = Phase.connecting
  private var nextLook: Int64 = 0
  private let timeoutNanos: Int64

  private(set) var ledger: Ledger
  private let shared = Mutex(Interval())

  private enum Phase {
    case connecting, ready, running, draining
  }

  private static let lookNanos: Int64 = 50_000_000
  private static let connectNanos: Int64 = 5_000_000_000

  init(
    _ plan: Plan, target: Target, markets: [Market], traders: [Trader], run: String, number: Int,
    part: Int, gate: Gate
  ) {
    self.plan = plan
    self.part = part
    self.target = target
    self.gate = gate
    timeoutNanos = Int64(plan.timeout * 1e9)
    ledger = Ledger(plan, thread: number)
    traffic = Traffic(plan, markets: markets, run: run, thread: number)
    let own = stride(from: part, to: plan.clients, by: plan.threads)
    links = own.enumerated().map { index, client in
      Link(index: index, trader: traders[client % traders.count], host: target.host)
    }
    poll = epoll_create1(Int32(EPOLL_CLOEXEC))
    precondition(poll >= 0, "epoll_create1: errno \(errno)")
  }

  deinit { close(poll) }

  /// For how long answers were measured; less than planned when somebody ended it.
  var measuredNanos: Int64 { max(0, endAt - measureFrom) }

  /// What happened since the last call.
  func takeInterval() -> Interval {
    shared.withLock { interval in
      defer { interval.removeAll() }
      return interval
    }
  }

  func run() {
    let connectUntil = Clock.nanos() + Generator.connectNanos
    for link in links { connect(link) }
    while true {
      let now = Clock.nanos()
      if now >= nextLook { look(now) }
      switch phase {
      case .connecting:
        if free.count == links.count || now > connectUntil {
          phase = .ready
          gate.arrive()
        }
      case .ready: if let start = gate.start, now >= start { begin(start) }
      case .running:
        send(now)
        if now >= endAt || gate.isStopped { drain(now) }
      case .draining:
        send(now)
        if isDone(now) { return finish(now) }
      }
      wait(until: wakeTime(now), now)
    }
  }

  // MARK: - Time

  private func begin(_ start: Int64) {
    phase = .running
    measureFrom = start + Int64(plan.warmUp * 1e9)
    endAt = measureFrom + Int64(plan.seconds * 1e9)
    if case .open(let rate, let spike) = plan.pace {
      schedule = Schedule(
        rate: rate, spike: spike, start: start, end: endAt, part: part, of: plan.threads)
    }
  }

  /// Nothing new; what is due and what is under way gets until one time-out later.
  private func drain(_ now: Int64) {
    phase = .draining
    if now < endAt { schedule = nil }
    endAt = min(now, endAt)
  }

  private func isDone(_ now: Int64) -> Bool {
    if now > endAt + timeoutNanos { return true }
    return schedule?.due == nil && !links.contains { $0.state == .busy }
  }

  private func finish(_ now: Int64) {
    for link in links where link.state == .busy { lose(link, "timeout", now, retry: false) }
    while let due = schedule?.due {
      if due >= measureFrom {
        ledger.noteUnsent(since: due, now)
      }
      schedule?.advance()
    }
    publish()
    for link in links { link.close() }
  }

  private func wakeTime(_ now: Int64) -> Int64 {
    switch phase {
    case .connecting, .draining: return nextLook
    case .ready: return min(nextLook, gate.start ?? now + 1_000_000)
    case .running:
      let end = min(nextLook, endAt)
      guard !free.isEmpty else { return end }
      return schedule.map { min(end, $0.due ?? end) } ?? end
    }
  }

  /// What has to be done now and then: time-outs, lost connections, telling.
  private func look(_ now: Int64) {
    nextLook = now + Generator.lookNanos
    for link in links {
      switch link.state {
      case .busy: if now - link.sentAt > timeoutNanos { lose(link, "timeout", now) }
      case .closed: if phase != .draining, now >= link.retryAt { connect(link) }
      case .connecting: if now > link.retryAt { lose(link, "connect", now) }
      case .idle: break
      }
    }
    publish()
  }

  private func publish() {
    shared.withLock { $0 += ledger.interval }
    ledger.interval.removeAll()
  }

  // MARK: - Sending

  private func send(_ now: Int64) {
    guard phase == .running || schedule != nil else { return }
    guard var schedule else {
      // Closed: whoever is idle sends.
      if now >= endAt { return }
      while let index = free.popFirst() { send(links[index], due: now) }
      return
    }
    while let due = schedule.due, due <= now, let index = free.popFirst() {
      send(links[index], due: due)
      schedule.advance()
    }
    self.schedule = schedule
  }

  private func send(_ link: Link, due: Int64) {
    link.written = traffic.write(for: link, into: &link.output)
    link.state = .busy
    link.sentAt = Clock.nanos()
    // A closed client's request is due when it is sent.
    link.due = schedule == nil ? link.sentAt : due
    link.isMeasured = link.due >= measureFrom
    if !link.flush(poll: poll) { lose(link, "closed", link.sentAt) }
  }

  // MARK: - Connections

  private func connect(_ link: Link) {
    link.retryAt = Clock.nanos() + Generator.connectNanos
    if !link.connect(to: target, poll: poll) { lose(link, "connect", Clock.nanos()) }
  }

  /// The connection is gone, and with it the answer to the request under way.
  private func lose(_ link: Link, _ why: String, _ now: Int64, retry: Bool = true) {
    if link.state == .busy {
      ledger.noteLost(link, why, now)
    } else if link.state == .idle {
      free.remove(link.index)
    } else {
      ledger.note(error: why)
    }
    let reached = link.state == .busy || link.state == .idle
    link.failures = reached ? 0 : link.failures + 1
    link.close()
    let pause: Int64 = 10_000_000 << Int64(min(link.failures, 6))
    link.retryAt = now + (link.failures == 0 ? 0 : pause)
    if retry, link.failures == 0, phase != .draining { connect(link) }
  }

  private func wait(until wake: Int64, _ now: Int64) {
    let nanos = max(0, wake - now)
    var timeout = timespec(tv_sec: Int(nanos / 1_000_000_000), tv_nsec: Int(nanos % 1_000_000_000))
    let count = epoll_pwait2(poll, &events, Int32(events.count), &timeout, nil)
    precondition(count >= 0 || errno == EINTR, "epoll_pwait2 needs Linux 5.11: errno \(errno)")
    guard count > 0 else { return }
    for index in 0..<Int(count) { handle(events[index]) }
  }

  private func handle(_ event: epoll_event) {
    let link = links[Int(event.data.u64)]
    switch link.state {
    case .closed: break
    case .connecting:
      if link.isConnected(poll: poll) {
        link.failures = 0
        becomeFree(link)
      } else {
        lose(link, "connect", Clock.nanos())
      }
    case .idle, .busy:
      if event.events & EPOLLOUT.rawValue != 0, !link.flush(poll: poll) {
        return lose(link, "closed", Clock.nanos())
      }
      if event.events & ~EPOLLOUT.rawValue != 0 { receive(link) }
    }
  }

  private func becomeFree(_ link: Link) {
    link.state = .idle
    if schedule == nil, phase == .running, Clock.nanos() < endAt {
      send(link, due: 0)
    } else {
      free.append(link.index)
    }
  }

  // MARK: - Answers

  private func receive(_ link: Link) {
    switch link.receive() {
    case .nothing: return
    case .end: return lose(link, "closed", Clock.nanos())
    case .more: break
    }
    switch Answer.read(link.input.bytes) {
    case .part: return
    case .broken: return lose(link, "broken answer", Clock.nanos())
    case .whole(let answer):
      // Nobody asked.
      guard link.state == .busy else { return lose(link, "broken answer", Clock.nanos()) }
      take(answer, link)
    }
  }

  private func take(_ answer: Answer, _ link: Link) {
    let now = Clock.nanos()
    let body = UnsafeRawBufferPointer(
      rebasing: link.input.bytes[answer.bodyStart..<(answer.bodyStart + answer.bodyLength)])
    ledger.take(answer.status, body, link, now)
    link.input.removeAll()
    if answer.closes {
      link.state = .idle
      return lose(link, "closed", now)
    }
    becomeFree(link)
  }
}
