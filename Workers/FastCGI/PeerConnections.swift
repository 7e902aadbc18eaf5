import Glibc
import Settings
import Synchronization

/// Connections to other workers that wait for their next request, so that not every one has to be
/// made anew. For all threads of a process.
public final class PeerConnections: Sendable {
  /// As many of one address as there are threads that ask; the others are closed after their call.
  private static let mostIdle = 4
  /// A new one goes to a worker that has time.
  private static let mostCalls = 1000
  private static let longestRest: Int64 = 10_000_000_000

  private let idle = Mutex<[Address: [PeerConnection]]>([:])
  private let made = Atomic<UInt64>(0)

  public init() {}

  /// How many have been made so far.
  public var count: UInt64 { made.load(ordering: .relaxed) }

  /// One that was used before and is still open, as far as can be known here.
  func take(_ address: Address) -> PeerConnection? {
    while let found = idle.withLock({ $0[address]?.popLast() }) {
      let rest = PeerConnection.now() - found.restingSince
      if rest < PeerConnections.longestRest, found.isQuiet { return found }
    }
    return nil
  }

  /// Nil: nobody is there.
  func make(_ address: Address, _ deadline: Int64) -> PeerConnection? {
    guard let descriptor = PeerConnection.connected(address, deadline) else { return nil }
    made.add(1, ordering: .relaxed)
    return PeerConnection(descriptor, to: address)
  }

  /// Whose answer has been read to its end.
  func giveBack(_ connection: PeerConnection) {
    guard connection.calls < PeerConnections.mostCalls else { return }
    connection.restingSince = PeerConnection.now()
    idle.withLock { idle in
      guard idle[connection.address, default: []].count < PeerConnections.mostIdle else { return }
      idle[connection.address, default: []].append(connection)
    }
  }
}

/// One of them; it is closed when nobody has it any more. One thread at a time uses it.
final class PeerConnection: @unchecked Sendable {
  let address: Address
  private(set) var calls = 0
  fileprivate var restingSince: Int64 = 0
  private let descriptor: Int32

  /// A host that vanished is noticed by what it does not confirm.
  private static let patienceMilliseconds: Int32 = 2000

  fileprivate init(_ descriptor: Int32, to address: Address) {
    self.descriptor = descriptor
    self.address = address
    var patience = PeerConnection.patienceMilliseconds
    if case .tcp = address {
      setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &patience, 4)
    }
  }

  deinit { close(descriptor) }

  /// Whether a call went over it before this one.
  var wasKept: Bool { calls > 1 }

  /// The other end says nothing between calls: when there is something to read, it is the end.
  fileprivate var isQuiet: Bool {
    var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&watched, 1, 0) == 0
  }

  /// False when not all of it was taken.
  func send(_ bytes: [UInt8], _ deadline: Int64) -> Bool {
    calls += 1
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        let rest = UnsafeRawBufferPointer(rebasing: $0[sent...])
        return Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
      }
      if count > 0 {
        sent += count
      } else if errno != EAGAIN || !PeerConnection.wait(descriptor, POLLOUT, deadline) {
        return false
      }
    }
    return true
  }

  /// How much there was to read; zero at the end, less when it is broken or the time is over.
  func receive(_ chunk: inout [UInt8], _ deadline: Int64) -> Int {
    guard PeerConnection.wait(descriptor, POLLIN, deadline) else { return -1 }
    return recv(descriptor, &chunk, chunk.count, 0)
  }

  // MARK: - System calls

  fileprivate static func now() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
  }

  private static func wait(_ descriptor: Int32, _ event: Int32, _ deadline: Int64) -> Bool {
    var watched = pollfd(fd: descriptor, events: Int16(event), revents: 0)
    while true {
      let left = deadline - now()
      guard left > 0 else { return false }
      let count = poll(&watched, 1, Int32((left + 999_999) / 1_000_000))
      if count > 0 { return true }
      if count < 0, errno != EINTR { return false }
    }
  }

  fileprivate static func connected(_ address: Address, _ deadline: Int64) -> Int32? {
    for name in address.socketNames() {
      if let descriptor = connected(name, deadline) { return descriptor }
    }
    return nil
  }

  private static func connected(_ name: SocketName, _ deadline: Int64) -> Int32? {
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let descriptor = socket(name.family, kind, 0)
    guard descriptor >= 0 else { return nil }
    var failure: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    if name.connect(descriptor) != 0 {
      failure = errno
      // A unix socket with a full queue says EAGAIN: its server is there and has too much to do.
      if failure == EINPROGRESS, wait(descriptor, POLLOUT, deadline) {
        failure = 0
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size)
      }
    }
    if failure == 0 { return descriptor }
    close(descriptor)
    return nil
  }
}
