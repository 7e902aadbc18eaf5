import CShared
import Glibc
import Processes

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
  /// Which wave of a rolling restart started it; those of an earlier one are replaced.
  var wave: Int
  /// Where it reports. Its first report says that it serves.
  let socket: Int32
  /// It closed its side of the socket.
  var isSilent = false
  var stage = Stage.starting
  var report = Report()
  /// Share of its time in which it had work, between its last two reports.
  var busy = 0.0
  /// Whether it answered anything between them.
  var isActive = false
  var watch = Watch()
  private var reportedAt: Int64 = 0

  init(pid: pid_t, socket: Int32, wave: Int, startedAt: Int64) {
    self.pid = pid
    self.socket = socket
    self.wave = wave
    self.startedAt = startedAt
  }

  var isDraining: Bool { if case .draining = stage { true } else { false } }

  /// Takes the newest report; what is new since the one before.
  mutating func take(_ fresh: Report, now: Int64) -> Report {
    var news = Report()
    news.requests = fresh.requests &- report.requests
    news.accepted = fresh.accepted &- report.accepted
    news.slow = fresh.slow &- report.slow
    news.limited = fresh.limited &- report.limited
    if reportedAt != 0, now > reportedAt {
      // A look in the very moment of a change may have counted a piece of work twice.
      let worked = max(0, Int64(bitPattern: fresh.busyNanos &- report.busyNanos))
      busy = min(1, Double(worked) / Double(now - reportedAt))
    }
    isActive = fresh.underWay > 0 || news.requests > 0
    reportedAt = now
    watch.see(fresh)
    report = fresh
    return news
  }
}

/// How long a child has been silent, or one of its threads at one and the same piece of work.
///
/// Time counts only in steps of the master's own loop, a second at most each: when the whole
/// machine stood still, master included, nobody is to blame.
package struct Watch {
  package private(set) var stillNanos: Int64 = 0
  private var lookedAt: Int64 = 0
  private var hasNews = false
  private var intake: UInt64 = 0
  private var completion: UInt64 = 0

  package init() {}

  package mutating func see(_ report: Report) {
    let isStill = { (old: UInt64, new: UInt64) in new & 1 == 1 && old == new }
    let isStuck = isStill(intake, report.intake) || isStill(completion, report.completion)
    if !isStuck { hasNews = true }
    intake = report.intake
    completion = report.completion
  }

  /// To be called once a turn of the master's loop.
  package mutating func look(now: Int64) {
    let step = lookedAt == 0 ? 0 : min(max(0, now - lookedAt), 1_000_000_000)
    stillNanos = hasNews ? 0 : stillNanos + step
    hasNews = false
    lookedAt = now
  }
}

/// What a child finds when it starts: the FastCGI convention's socket at descriptor 0, the socket
/// on which it reports, and who its master is.
enum Inheritance {
  static let listener: Int32 = 0
  static let reports: Int32 = 3
  static let masterVariable = "OUTCRY_MASTER_PID"
}

extension Member {
  /// Starts a child on the listening socket.
  static func start(
    _ program: String, _ arguments: [String], listener: Int32, wave: Int, now: Int64
  ) throws(SystemCallError) -> Member {
    // Packets: a report arrives whole or not at all.
    var ends: [Int32] = [-1, -1]
    let kind = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw SystemCallError("socketpair") }
    defer { close(ends[1]) }
    var spawner = Spawner(program: program, arguments: arguments)
    spawner.environment = [
      "LISTEN_FDS": nil, "LISTEN_PID": nil, Handover.variable: nil,
      Inheritance.masterVariable: String(getpid()),
    ]
    spawner.descriptors = [Inheritance.listener: listener, Inheritance.reports: ends[1]]
    do throws(SystemCallError) {
      let pid = try spawner.start()
      return Member(pid: pid, socket: ends[0], wave: wave, startedAt: now)
    } catch {
      close(ends[0])
      throw error
    }
  }
}
