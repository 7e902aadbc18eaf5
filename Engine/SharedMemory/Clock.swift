import Glibc

public enum Clock {
  /// CLOCK_MONOTONIC: the clock of deadlines. All processes of a host share it.
  @inlinable
  public static func monotonicNanos() -> Int64 { nanos(CLOCK_MONOTONIC) }

  /// The same clock in microseconds.
  @inlinable
  public static func monotonicMicros() -> Int64 { nanos(CLOCK_MONOTONIC) / 1000 }

  /// Microseconds since 1970: the clock of records and people.
  @inlinable
  public static func wallMicros() -> Int64 { nanos(CLOCK_REALTIME) / 1000 }

  @inlinable
  static func nanos(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }
}
