import Glibc

/// Waits until the condition holds, at most so long; returns whether it did. The deadline is there
/// for what never happens: how fast something happens is no claim of a test that does not say so,
/// and the machine may be doing much else.
public func eventually(
  within seconds: Double = 30, _ condition: () throws -> Bool
) rethrows -> Bool {
  let deadline = monotonicSeconds() + seconds
  while true {
    if try condition() { return true }
    if monotonicSeconds() > deadline { return false }
    usleep(1000)
  }
}

public func monotonicSeconds() -> Double {
  var now = timespec()
  clock_gettime(CLOCK_MONOTONIC, &now)
  return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
}

/// Lets some time pass that is itself the subject of a test, such as the moment of a failure;
/// never to wait for something to happen.
public func pause(microseconds: Int) {
  usleep(UInt32(microseconds))
}
