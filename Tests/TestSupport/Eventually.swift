import Glibc

/// Waits until the condition holds, at most so long; returns whether it did.
public func eventually(within seconds: Double = 5, _ condition: () throws -> Bool) rethrows -> Bool
{
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
