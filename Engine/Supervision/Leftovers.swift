import Glibc
import SharedMemory

/// Processes and segments that outlived their supervisor. Its children stop when it is killed, but
/// theirs may not have, and "nothing is left" has to hold whatever happened.
public struct Leftovers {
  let folder: StateFolder

  public init(of folder: StateFolder) { self.folder = folder }

  private static let programs: Set<String> = [
    "postgres", "redis-server", "redis-check-rdb", "nginx", "outcry-engine", "outcry-worker",
    "outcry-feed",
  ]

  /// Everything the stack starts works in the state folder or in one inside it, and goes by one of
  /// a few names. Both together can be nobody else's process. Pid files are no help: the process
  /// that wrote one may be the one that is gone.
  public func processes() -> [pid_t] { processes(in: folder.path) }

  /// Those of them that work in this folder of the state folder, or below it.
  func processes(in workplace: String) -> [pid_t] {
    Files.names(in: "/proc").compactMap { pid_t($0) }.filter { pid in
      guard pid != getpid(), let place = Files.linkTarget("/proc/\(pid)/cwd"),
        place == workplace || place.hasPrefix(workplace + "/"),
        let executable = Files.linkTarget("/proc/\(pid)/exe")
      else { return false }
      // A program that was built again since shows as "outcry-engine (deleted)".
      let name = executable.split(separator: "/").last?.split(separator: " ").first ?? ""
      return Leftovers.programs.contains(String(name))
    }
  }

  /// Asks all to stop, then kills what still runs. Says how many there were.
  @discardableResult
  public func stopProcesses(graceSeconds: Int = 5) -> Int {
    let found = processes()
    // SIGTERM would make PostgreSQL wait for its clients; SIGINT stops it in order at once. To the
    // other programs it means the same as SIGTERM.
    for pid in found { kill(pid, SIGINT) }
    if !waitUntil(seconds: graceSeconds, { processes().isEmpty }) {
      for pid in processes() { kill(pid, SIGKILL) }
      waitUntil(seconds: 5) { processes().isEmpty }
    }
    return found.count
  }

  /// Only for when none of the processes is left.
  public func removeSegments(of instances: [String]) throws(SegmentError) {
    for name in instances { try Instance(name: name).removeAll() }
  }
}

/// Asks again and again until the condition holds; false when it did not in time.
@discardableResult
public func waitUntil(
  seconds: Int, lookingEvery microseconds: UInt32 = 10_000, _ condition: () throws -> Bool
) rethrows -> Bool {
  let deadline = Clock.monotonicNanos() + Int64(seconds) * 1_000_000_000
  while try !condition() {
    guard Clock.monotonicNanos() < deadline else { return false }
    usleep(microseconds)
  }
  return true
}
