import Glibc

/// How a child ended.
public enum Death: Equatable, Sendable, CustomStringConvertible {
  case exited(Int32)
  case killed(Int32)

  public init(status: Int32) {
    let signal = status & 0x7f
    self = signal == 0 ? .exited(status >> 8 & 0xff) : .killed(signal)
  }

  /// Nil while the child of this process lives.
  public static func of(_ pid: pid_t) -> Death? {
    var status: Int32 = 0
    return waitpid(pid, &status, WNOHANG) == pid ? Death(status: status) : nil
  }

  public var description: String {
    switch self {
    case .exited(let code): "exited with \(code)"
    case .killed(let signal): "killed by \(String(cString: strsignal(signal)))"
    }
  }
}

/// How long to wait before the next start. One death is replaced at once; a child that dies again
/// and again right after its start is a crash loop, which must not eat the machine.
public struct RestartBrake: Sendable {
  private static let quick: Int64 = 1_000_000_000
  private static let longest: Int64 = 5_000_000_000
  private var quickDeaths = 0
  /// Monotonic nanoseconds.
  public private(set) var notBefore: Int64 = 0

  public init() {}

  public mutating func record(lifetime: Int64, now: Int64) {
    if lifetime >= RestartBrake.quick {
      quickDeaths = 0
      return
    }
    quickDeaths += 1
    if quickDeaths > 1 {
      let delay: Int64 = 100_000_000 << Int64(min(quickDeaths - 2, 10))
      notBefore = now + min(delay, RestartBrake.longest)
    }
  }
}
