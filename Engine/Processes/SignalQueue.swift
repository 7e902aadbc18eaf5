import CShared
import Glibc

/// Signals as values that one loop reads. They are blocked for the whole process, so it must be
/// made before the first thread starts: threads inherit the mask.
public struct SignalQueue: ~Copyable {
  public struct Arrival: Sendable {
    public var number: Int32
    /// What a sender passed along with sigqueue(3).
    public var value: Int32?
  }

  public let descriptor: Int32

  public init(_ numbers: [Int32]) throws(SystemCallError) {
    var mask = sigset_t()
    sigemptyset(&mask)
    for number in numbers { sigaddset(&mask, number) }
    pthread_sigmask(SIG_BLOCK, &mask, nil)
    descriptor = signalfd(-1, &mask, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
    guard descriptor >= 0 else { throw SystemCallError("signalfd") }
  }

  deinit { close(descriptor) }

  public func next() -> Arrival? {
    var info = signalfd_siginfo()
    let size = MemoryLayout<signalfd_siginfo>.size
    guard read(descriptor, &info, size) == size else { return nil }
    let queued = info.ssi_code == Int32(SI_QUEUE)
    return Arrival(number: Int32(info.ssi_signo), value: queued ? info.ssi_int : nil)
  }

  /// Waits until a signal has come or the time is over; true when it is another descriptor that
  /// has something to read.
  @discardableResult
  public func wait(milliseconds: Int32, orReadable other: Int32 = -1) -> Bool {
    // A negative descriptor is passed over.
    var watched = [
      pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: other, events: Int16(POLLIN), revents: 0),
    ]
    poll(&watched, 2, milliseconds)
    return watched[1].revents != 0
  }
}
