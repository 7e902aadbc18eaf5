import Glibc
import Synchronization

/// Publishes what a process costs, so that whoever reads the figures need not see the process:
/// it may live in another container. To be called about once a second.
public final class ProcessUsage {
  private let exchange: ExchangeSegment
  private let role: Role
  private let score: Score?
  private var reportedMicros: UInt64 = 0

  /// `score` stands for the process as a whole.
  public init(_ exchange: ExchangeSegment, role: Role, score: Score?) {
    self.exchange = exchange
    self.role = role
    self.score = score
  }

  /// The processor time is added to that of the role: it stays when the process is gone.
  public func publish() {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let micros = [usage.ru_utime, usage.ru_stime].reduce(UInt64(0)) {
      $0 + UInt64($1.tv_sec) * 1_000_000 + UInt64($1.tv_usec)
    }
    _ = exchange.cpuWord(role).pointee.add(micros &- reportedMicros, ordering: .relaxed)
    reportedMicros = micros
    score?.set(residentBytes: ProcessUsage.residentBytes() ?? 0)
  }

  private static func residentBytes() -> UInt64? {
    let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    return withUnsafeTemporaryAllocation(byteCount: 128, alignment: 1) { bytes in
      let count = read(file, bytes.baseAddress, bytes.count)
      let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
      let pages = text.split(separator: " ").dropFirst().first.flatMap { UInt64($0) }
      return pages.map { $0 * UInt64(sysconf(Int32(_SC_PAGESIZE))) }
    }
  }
}

extension ExchangeSegment {
  /// Microseconds of processor time that all processes of a role have used.
  public func cpuMicros(of role: Role) -> UInt64 { cpuWord(role).pointee.load(ordering: .relaxed) }

  func cpuWord(_ role: Role) -> Word64 {
    precondition(role.rawValue < UInt32(OUTCRY_ROLES), "more roles than words")
    return segment.base.word64(Int(OUTCRY_EXCHANGE_CPU) + 8 * Int(role.rawValue))
  }
}
