import Glibc

/// What a child tells its master, twice a second and once more at its end.
///
/// It goes through a socket and not through the exchange's shared memory, so that a pool of any
/// service, also one that is part of no exchange, is looked after in the same way.
public struct Report: Equatable, Sendable {
  /// Counters since the child started.
  public var requests: UInt64 = 0
  public var accepted: UInt64 = 0
  public var slow: UInt64 = 0
  public var limited: UInt64 = 0
  /// Nanoseconds in which the thread that reads requests had work.
  public var busyNanos: UInt64 = 0
  /// Now: requests under way, connections open, requests that wait for a thread. And the most
  /// requests that ever were under way at once.
  public var underWay: UInt64 = 0
  public var mostUnderWay: UInt64 = 0
  public var connections: UInt64 = 0
  public var queued: UInt64 = 0
  /// Odd while the thread is at work, one more with each change: a thread that stays at the same
  /// odd number is stuck.
  public var intake: UInt64 = 0
  public var completion: UInt64 = 0

  public init() {}

  static let length = MemoryLayout<Report>.size

  /// False when the master does not take it now; the next one says the same and more.
  @discardableResult
  func send(to socket: Int32) -> Bool {
    withUnsafeBytes(of: self) { bytes in
      Glibc.send(socket, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
        == bytes.count
    }
  }

  enum Arrival {
    case report(Report)
    case nothing
    /// The child closed its side.
    case end
  }

  static func receive(from socket: Int32) -> Arrival {
    var report = Report()
    let count = withUnsafeMutableBytes(of: &report) { bytes in
      recv(socket, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT))
    }
    if count == length { return .report(report) }
    return count == 0 ? .end : .nothing
  }
}
