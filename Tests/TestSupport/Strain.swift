import Foundation
import Glibc
import Synchronization

/// How much slower this machine is at present than an idle one of its kind: what a limit of time
/// is to be measured by where the test shares its processors and its disk with others.
///
/// It looks while a test runs: how many threads want a processor for each there is, by how much a
/// sleeper wakes up late, and how long the smallest write takes to reach the disk. On a machine
/// with nothing else to do a limit stays about what it is.
public final class Strain: Sendable {
  private struct Seen {
    /// Threads that want to run, for each processor, over all looks.
    var crowding = 0.0
    var looks = 0
    var longestStall = 0.0
    var slowestWrite = 0.0
  }

  private let seen = Mutex(Seen())
  private let isOver = Atomic(false)
  private let running = Atomic(2)
  private let folder = TemporaryFolder("strain")
  private static let stepSeconds = 0.02

  public init() {
    Thread { [self] in watchProcessors() }.start()
    Thread { [self] in watchDisk() }.start()
  }

  /// To be called at the end of the test: the threads keep the object alive.
  public func stop() {
    isOver.store(true, ordering: .relaxed)
    _ = eventually(within: 60) { running.load(ordering: .acquiring) == 0 }
  }

  /// So long may take here what takes that many seconds on a machine of one's own.
  public func allowance(_ seconds: Double) -> Double {
    let seen = seen.withLock { $0 }
    let crowding = seen.looks == 0 ? 1 : max(1, seen.crowding / Double(seen.looks))
    return seconds * crowding + seen.longestStall + 2 * seen.slowestWrite
  }

  private func watchProcessors() {
    let processors = Double(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    while !isOver.load(ordering: .relaxed) {
      let began = monotonicSeconds()
      pause(microseconds: Int(Strain.stepSeconds * 1e6))
      let stall = monotonicSeconds() - began - Strain.stepSeconds
      // This thread wants one itself as it looks.
      let crowding = Double(max(0, Strain.wantingProcessors() - 1)) / processors
      seen.withLock {
        $0.longestStall = max($0.longestStall, stall)
        $0.crowding += crowding
        $0.looks += 1
      }
    }
    running.subtract(1, ordering: .releasing)
  }

  private static func wantingProcessors() -> Int {
    let line = readFile("/proc/stat").split(separator: "\n")
      .first { $0.hasPrefix("procs_running ") }
    return line.flatMap { Int($0.dropFirst(14)) } ?? 1
  }

  private func watchDisk() {
    let file = open(folder.file("byte"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    defer { close(file) }
    while !isOver.load(ordering: .relaxed) {
      let began = monotonicSeconds()
      if pwrite(file, "x", 1, 0) != 1 || fdatasync(file) != 0 { break }
      let seconds = monotonicSeconds() - began
      seen.withLock { $0.slowestWrite = max($0.slowestWrite, seconds) }
      pause(microseconds: 100_000)
    }
    running.subtract(1, ordering: .releasing)
  }
}
