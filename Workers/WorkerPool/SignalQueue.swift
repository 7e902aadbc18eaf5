import CShared
import FastCGI
import Glibc

/// Signals as values that one loop reads. They are blocked for the whole process, so it must be
/// made before the first thread starts: threads inherit the mask.
struct SignalQueue: ~Copyable {
  struct Arrival {
    var number: Int32
    /// What a sender passed along with sigqueue(3).
    var value: Int32?
  }

  let descriptor: Int32

  init(_ numbers: [Int32]) throws(SystemCallError) {
    var mask = sigset_t()
    sigemptyset(&mask)
    for number in numbers { sigaddset(&mask, number) }
    pthread_sigmask(SIG_BLOCK, &mask, nil)
    descriptor = signalfd(-1, &mask, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
    guard descriptor >= 0 else { throw SystemCallError("signalfd") }
  }

  deinit { close(descriptor) }

  func next() -> Arrival? {
    var info = signalfd_siginfo()
    let size = MemoryLayout<signalfd_siginfo>.size
    guard read(descriptor, &info, size) == size else { return nil }
    let queued = info.ssi_code == Int32(SI_QUEUE)
    return Arrival(number: Int32(info.ssi_signo), value: queued ? info.ssi_int : nil)
  }
}

/// Nanoseconds that never jump.
func monotonicNow() -> Int64 {
  var now = timespec()
  clock_gettime(CLOCK_MONOTONIC, &now)
  return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
}
