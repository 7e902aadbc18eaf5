import Glibc
import Settings
import SharedMemory

/// A program and what became of it so far. Knows when to start it again; starts nothing itself.
struct Supervised {
  let program: Program
  let log: LogFile
  /// Running exactly when this is not zero.
  var pid: pid_t = 0
  var isReady = false
  var restarts = 0
  /// Wall-clock seconds, for people.
  var since: Int = 0
  /// `Clock.monotonicNanos()` before which it is not started again.
  var notBefore: Int64 = 0
  private(set) var diedAt: Int64 = 0
  private var startedAt: Int64 = 0
  private var failures = 0

  init(_ program: Program, log: LogFile) {
    self.program = program
    self.log = log
  }

  mutating func started(_ pid: pid_t, at now: Int64) {
    self.pid = pid
    startedAt = now
    since = time(nil)
    isReady = false
  }

  /// The first restart is immediate; one that keeps dying is started ever more rarely, at last
  /// every 5 s. Two seconds of life count as a new beginning.
  mutating func died(at now: Int64) {
    failures = now - startedAt > 2_000_000_000 ? 1 : failures + 1
    let milliseconds = failures == 1 ? 0 : min(5000, 50 << min(failures, 10))
    notBefore = now + Int64(milliseconds) * 1_000_000
    restarts += 1
    diedAt = now
    pid = 0
    isReady = false
    since = time(nil)
  }
}

/// What the supervisor tells `outcry status` about its programs: a line each.
public struct ProgramStatus: Sendable {
  public var name: String
  public var pid: pid_t
  public var isReady: Bool
  public var restarts: Int
  public var since: Int

  var line: String { "\(name) \(pid) \(isReady ? 1 : 0) \(restarts) \(since)" }

  public init(name: String, pid: pid_t, isReady: Bool, restarts: Int, since: Int) {
    self.name = name
    self.pid = pid
    self.isReady = isReady
    self.restarts = restarts
    self.since = since
  }

  init?(line: Substring) {
    let words = line.split(separator: " ")
    guard words.count == 5, let pid = pid_t(words[1]), let restarts = Int(words[3]),
      let since = Int(words[4])
    else { return nil }
    self.init(
      name: String(words[0]), pid: pid, isReady: words[2] == "1", restarts: restarts,
      since: since)
  }

  public static func all(in file: String) -> [ProgramStatus] {
    (Files.text(file) ?? "").split(separator: "\n").compactMap(ProgramStatus.init(line:))
  }
}
