import Glibc

/// One child process, as its master sees it.
struct Member {
  enum Stage: Equatable {
    case starting
    case serving
    /// Told to finish; killed when it has not by then.
    case draining(until: Int64)
  }

  let pid: pid_t
  let startedAt: Int64
  /// Which wave of a rolling restart started it.
  let wave: Int
  var readiness: Int32
  var stage = Stage.starting

  var isDraining: Bool { if case .draining = stage { true } else { false } }
}

/// How a child ended.
enum Death: CustomStringConvertible {
  case exited(Int32)
  case killed(Int32)

  init(status: Int32) {
    let signal = status & 0x7f
    self = signal == 0 ? .exited(status >> 8 & 0xff) : .killed(signal)
  }

  var description: String {
    switch self {
    case .exited(let code): "exited with \(code)"
    case .killed(let signal): "killed by \(String(cString: strsignal(signal)))"
    }
  }
}

/// How long to wait before the next start. One death is replaced at once; children that die again
/// and again right after their start are a crash loop, which must not eat the machine.
struct RestartBrake {
  private static let quick: Int64 = 1_000_000_000
  private static let longest: Int64 = 5_000_000_000
  private var quickDeaths = 0
  private(set) var notBefore: Int64 = 0

  mutating func record(lifetime: Int64, wasReady: Bool, now: Int64) {
    if wasReady, lifetime >= RestartBrake.quick {
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
