import CShared
import Glibc

/// One connection of a client to the exchange, with at most one request under way.
final class Link {
  enum State {
    case closed, connecting, idle, busy
  }

  let index: Int
  let trader: Trader
  /// From the path on: version, host, credentials.
  let headers: [UInt8]
  private(set) var descriptor: Int32 = -1
  var state = State.closed
  /// Not before this is a lost connection made again.
  var retryAt: Int64 = 0
  var failures = 0

  // The request under way.
  var written = Traffic.Written(operation: .order, orders: 0, firstKey: 0)
  var due: Int64 = 0
  var sentAt: Int64 = 0
  var isMeasured = false

  /// What the socket did not take yet.
  var output = ByteBuffer(capacity: 4096)
  var input = ByteBuffer(capacity: 16_384)
  /// Orders of this trader that may be open, newest last.
  var ownOrders: [UInt64] = []
  private static let mostOwnOrders = 32

  init(index: Int, trader: Trader, host: String) {
    self.index = index
    self.trader = trader
    headers = Array(
      """
       HTTP/1.1\r\nHost: \(host)\r\nAuthorization: Bearer \(trader.token)\r\n\
      Content-Type: application/json\r\n
      """.utf8)
    ownOrders.reserveCapacity(Link.mostOwnOrders)
  }

  deinit { close() }

  func noteOpen(_ order: UInt64) {
    if ownOrders.count == Link.mostOwnOrders { ownOrders.removeFirst() }
    ownOrders.append(order)
  }

  /// Starts to connect; false when that failed at once.
  func connect(to target: Target, poll: Int32) -> Bool {
    close()
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    descriptor = socket(target.family, kind, 0)
    guard descriptor >= 0 else { return false }
    var on: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4)
    let outcome = target.withAddress { Glibc.connect(descriptor, $0, $1) }
    guard outcome == 0 || errno == EINPROGRESS else { return false }
    state = .connecting
    return watch(poll, EPOLL_CTL_ADD, EPOLLOUT.rawValue)
  }

  /// To be called when the socket became writable: whether there is a connection.
  func isConnected(poll: Int32) -> Bool {
    var failure: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &length) == 0, failure == 0
    else { return false }
    return watch(poll, EPOLL_CTL_MOD, EPOLLIN.rawValue)
  }

  /// Sends what is in `output`; false when the connection is lost.
  func flush(poll: Int32) -> Bool {
    let wasWaiting = isWaitingToWrite
    while output.count > 0 {
      let bytes = output.bytes
      let count = send(descriptor, bytes.baseAddress!, bytes.count, Int32(MSG_NOSIGNAL))
      if count < 0 {
        if errno == EINTR { continue }
        guard errno == EAGAIN || errno == EWOULDBLOCK else { return false }
        isWaitingToWrite = true
        let both = EPOLLIN.rawValue | EPOLLOUT.rawValue
        return wasWaiting || watch(poll, EPOLL_CTL_MOD, both)
      }
      if count == output.count { output.removeAll() } else { output.removeFirst(count) }
    }
    isWaitingToWrite = false
    return !wasWaiting || watch(poll, EPOLL_CTL_MOD, EPOLLIN.rawValue)
  }
  private var isWaitingToWrite = false

  enum Arrival {
    case more, nothing, end
  }

  func receive() -> Arrival {
    let room = input.room(16_384)
    let count = recv(descriptor, room, input.spare, 0)
    if count > 0 {
      input.noteWritten(count)
      return .more
    }
    let isQuiet = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
    return isQuiet ? .nothing : .end
  }

  func close() {
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
    state = .closed
    isWaitingToWrite = false
    output.removeAll()
    input.removeAll()
  }

  private func watch(_ poll: Int32, _ operation: Int32, _ interest: UInt32) -> Bool {
    var event = epoll_event()
    event.events = interest
    event.data.u64 = UInt64(index)
    return epoll_ctl(poll, operation, descriptor, &event) == 0
  }
}
