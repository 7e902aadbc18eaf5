import CFCGI
import CShared
import Glibc
import Processes
import Synchronization

/// Reads FastCGI requests from any number of connections with one thread.
///
/// With libfcgi alone every open connection holds the thread that accepted it. Here an idle
/// connection is a descriptor in an epoll set and nothing else: `next` hands out a request only
/// when its connection has something to read, and `finish`, called from any thread, puts the
/// connection back into the set.
public final class Server: @unchecked Sendable {
  public struct Limits: Sendable {
    /// Requests that may wait for their answers at the same time.
    public var requests = 1024
    public var body = 1 << 20
    /// How long a peer may stall in the middle of a request or an answer.
    public var stallSeconds = 2
    /// How long a draining server waits for the first request of a new connection.
    public var freshMilliseconds = 500
    /// What takes longer is counted as slow.
    public var slowNanos: Int64 = 1_000_000_000

    public init() {}
  }

  public enum Step {
    case request(Request)
    /// Nothing arrived in time.
    case quiet
    /// The server drains and the last connection is closed.
    case drained
  }

  public enum Body {
    case complete(UnsafeRawBufferPointer)
    case tooLarge
    /// The peer vanished in the middle; there is nobody to answer.
    case broken
  }

  public struct Counts: Sendable {
    public var accepted: UInt64
    public var requests: UInt64
    public var open: Int
    public var active: Int
    public var mostActive: Int
    public var slow: UInt64
  }

  /// What the thread that calls `next` is doing.
  public let pulse = Pulse()

  private let limits: Limits
  private let listener: Int32
  private let poll: Int32
  private let bell: Int32
  private let pool: RequestPool
  private let connections: ConnectionTable
  private let body: UnsafeMutableRawBufferPointer
  private let draining = Atomic(false)
  private let open = Atomic(0)
  private let accepted = Atomic<UInt64>(0)
  private let begun = Atomic<UInt64>(0)
  private let finished = Atomic<UInt64>(0)
  private let slow = Atomic<UInt64>(0)
  private let mostActive = Atomic(0)

  // Only touched by the thread that calls `next`.
  private var events = [epoll_event](repeating: epoll_event(), count: 64)
  private var waiting = 0..<0
  private var isListening = true
  private var isAcceptDue = false
  private var freshUntil: ContinuousClock.Instant?
  private var nextToLeave: Int32 = 0

  public init(listening descriptor: Int32, limits: Limits = Limits())
    throws(SystemCallError)
  {
    self.limits = limits
    listener = descriptor
    Server.prepareLibrary()
    connections = ConnectionTable(capacity: Server.raiseDescriptorLimit())
    pool = RequestPool(count: limits.requests)
    body = .allocate(byteCount: limits.body + 1, alignment: 16)
    poll = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard poll >= 0 else { throw SystemCallError("epoll_create1") }
    bell = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    guard bell >= 0 else { throw SystemCallError("eventfd") }
    // Several processes wait on one listener: a new connection shall wake one of them.
    guard fcntl(listener, F_SETFL, fcntl(listener, F_GETFL) | O_NONBLOCK) == 0,
      watch(listener, EPOLL_CTL_ADD, EPOLLIN.rawValue | EPOLLEXCLUSIVE.rawValue),
      watch(bell, EPOLL_CTL_ADD, EPOLLIN.rawValue)
    else { throw SystemCallError("epoll_ctl") }
  }

  deinit {
    close(poll)
    close(bell)
    body.deallocate()
  }

  /// How many requests there are at most at a time; the index of each is below.
  public var requestCapacity: Int { limits.requests }

  public var counts: Counts {
    let finished = finished.load(ordering: .relaxed)
    let begun = begun.load(ordering: .relaxed)
    return Counts(
      accepted: accepted.load(ordering: .relaxed), requests: begun,
      open: open.load(ordering: .relaxed), active: Int(begun &- finished),
      mostActive: mostActive.load(ordering: .relaxed), slow: slow.load(ordering: .relaxed))
  }

  /// The next request. Always to be called from the same thread.
  public func next(timeoutMilliseconds: Int32 = -1) -> Step {
    while true {
      if waiting.isEmpty, draining.load(ordering: .sequentiallyConsistent) {
        leave()
        if open.load(ordering: .sequentiallyConsistent) == 0 { return .drained }
      }
      if waiting.isEmpty, isAcceptDue {
        isAcceptDue = false
        _ = accept()
      }
      if waiting.isEmpty {
        // A drain has its next step in a moment, whatever comes.
        let timeout = isListening ? timeoutMilliseconds : 1
        pulse.rest()
        let count = epoll_wait(poll, &events, Int32(events.count), timeout)
        pulse.work()
        if count == 0, isListening { return .quiet }
        waiting = 0..<Int(max(count, 0))
        continue
      }
      let descriptor = events[waiting.removeFirst()].data.fd
      if descriptor == listener {
        isAcceptDue = isListening
      } else if descriptor == bell {
        var count: UInt64 = 0
        read(bell, &count, 8)
      } else if connections[descriptor] != .free, let request = begin(descriptor) {
        // A process that is just being started has a copy of every descriptor until it becomes
        // its program: what was closed here meanwhile is still reported, and is nobody's.
        return .request(request)
      }
    }
  }

  /// The request's body, valid until the next call. To be called once for every request, by the
  /// thread that calls `next`.
  public func readBody(of request: Request) -> Body {
    switch request.readBody(into: body, drainLimit: 4 * limits.body) {
    case .complete(let length):
      if length > limits.body { return .tooLarge }
      return .complete(UnsafeRawBufferPointer(rebasing: body[..<length]))
    case .tooLarge(let consumed):
      if !consumed { request.mustClose = true }
      return .tooLarge
    case .broken: return .broken
    }
  }

  /// Sends the answer; the request object may be used for another request at once.
  public func finish(_ request: Request) {
    let connection = request.raw.pointee.ipcFd
    if Pulse.now() - request.beganAt > limits.slowNanos { slow.add(1, ordering: .relaxed) }
    // Freed first: `end` closes the connection when the peer is gone, and its number may then be
    // given to the next one accepted before this thread goes on.
    connections[connection] = .free
    let kept = request.end(keeping: !request.mustClose)
    request.mustClose = false
    pool.giveBack(request)
    finished.add(1, ordering: .relaxed)
    guard let kept else { return closed() }
    connections[kept] = .idle
    // The peer may have sent its next request as soon as it had this answer.
    if draining.load(ordering: .sequentiallyConsistent),
      connections.exchange(kept, from: .idle, to: .closing), endReading(kept)
    {
      return
    }
    _ = watch(kept, EPOLL_CTL_MOD, EPOLLIN.rawValue | EPOLLONESHOT.rawValue)
  }

  /// Accepts no more connections and closes the open ones as soon as they have no request;
  /// `next` goes on to hand out what had been sent before, and then says `drained`.
  public func drain() {
    draining.store(true, ordering: .sequentiallyConsistent)
    ring()
  }

  private func ring() {
    var one: UInt64 = 1
    write(bell, &one, 8)
  }

  private func begin(_ descriptor: Int32) -> Request? {
    let request = pool.take(resting: pulse)
    connections[descriptor] = .busy
    if request.begin(on: descriptor) {
      request.beganAt = pulse.workingSince
      let active = begun.add(1, ordering: .relaxed).newValue &- finished.load(ordering: .relaxed)
      if Int(active) > mostActive.load(ordering: .relaxed) {
        mostActive.store(Int(active), ordering: .relaxed)
      }
      return request
    }
    connections[descriptor] = .free
    pool.giveBack(request)
    closed()
    return nil
  }

  /// One connection a turn, after everything else: so a process that is busy takes fewer of a
  /// burst than an idle one, and the connections spread.
  private func accept() -> Bool {
    let connection = outcry_accept(listener)
    guard connection >= 0 else {
      // Out of descriptors: the listener stays readable, so without a pause this would spin.
      if errno == EMFILE || errno == ENFILE { usleep(10_000) }
      return false
    }
    guard Int(connection) < connections.capacity else {
      close(connection)
      return false
    }
    var stall = timeval(tv_sec: limits.stallSeconds, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &stall, size)
    setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &stall, size)
    var on: Int32 = 1
    setsockopt(connection, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4)
    accepted.add(1, ordering: .relaxed)
    open.add(1, ordering: .sequentiallyConsistent)
    connections[connection] = .fresh
    if !watch(connection, EPOLL_CTL_ADD, EPOLLIN.rawValue | EPOLLONESHOT.rawValue) {
      connections[connection] = .free
      close(connection)
      closed()
    }
    return true
  }

  /// One step of a drain, taken when no event is left to look at.
  ///
  /// Idle connections lose their reading side: what the peer had sent by then is still read and
  /// answered; what it sends later fails on its side at once, before anything was done. A few at
  /// a time, so that the peer notices those that are gone before it tries the next one. A
  /// connection that was just made is about to carry a request, which gets its time.
  private func leave() {
    let now = ContinuousClock.now
    if isListening {
      isListening = false
      epoll_ctl(poll, EPOLL_CTL_DEL, listener, nil)
      // Whoever waits at a socket that a new master has replaced has nobody else to turn to.
      while accept() {}
      freshUntil = now + .milliseconds(limits.freshMilliseconds)
    }
    endReading(of: .idle, from: &nextToLeave, atMost: 4)
    if let end = freshUntil, now >= end {
      freshUntil = nil
      var first: Int32 = 0
      endReading(of: .fresh, from: &first, atMost: .max)
    }
  }

  private func endReading(
    of use: ConnectionTable.Use, from next: inout Int32, atMost count: Int
  ) {
    var left = count
    while next < connections.capacity, left > 0 {
      let descriptor = next
      next += 1
      guard connections.exchange(descriptor, from: use, to: .closing) else { continue }
      left -= 1
      _ = endReading(descriptor)
    }
  }

  /// True when nothing had been sent, and the connection is closed.
  private func endReading(_ descriptor: Int32) -> Bool {
    shutdown(descriptor, Int32(SHUT_RD))
    var byte: UInt8 = 0
    let flags = Int32(MSG_PEEK | MSG_DONTWAIT)
    guard recv(descriptor, &byte, 1, flags) == 0 else { return false }
    connections[descriptor] = .free
    close(descriptor)
    closed()
    return true
  }

  private func closed() {
    let left = open.subtract(1, ordering: .sequentiallyConsistent).newValue
    if left == 0, draining.load(ordering: .sequentiallyConsistent) { ring() }
  }

  private func watch(_ descriptor: Int32, _ operation: Int32, _ interest: UInt32) -> Bool {
    var event = epoll_event()
    event.events = interest
    event.data.fd = descriptor
    return epoll_ctl(poll, operation, descriptor, &event) == 0
  }
}
