import Foundation
import Glibc

/// What the kernel says about a process, the tests' own or not.
public enum ProcessTree {
  /// The process ids of its children, oldest first.
  public static func children(of pid: pid_t) -> [pid_t] {
    readFile("/proc/\(pid)/task/\(pid)/children").split(separator: " ").compactMap { pid_t($0) }
  }

  /// An ended process that nobody has waited for is not alive.
  public static func isAlive(_ pid: pid_t) -> Bool {
    let stat = readFile("/proc/\(pid)/stat")
    guard let name = stat.lastIndex(of: ")") else { return false }
    return !stat[stat.index(after: name)...].hasPrefix(" Z")
  }

  /// Whether each of its threads stands still because of a signal.
  public static func isStopped(_ pid: pid_t) -> Bool {
    let folder = "/proc/\(pid)/task"
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return !threads.isEmpty
      && threads.allSatisfy { thread in
        let stat = readFile("\(folder)/\(thread)/stat")
        return stat.lastIndex(of: ")").map { stat[$0...].hasPrefix(") T") } ?? false
      }
  }

  /// Memory in use, shared memory included.
  public static func residentBytes(of pid: pid_t) -> Int {
    let pages = readFile("/proc/\(pid)/statm").split(separator: " ").dropFirst().first
    return (pages.flatMap { Int($0) } ?? 0) * sysconf(Int32(_SC_PAGESIZE))
  }

  public static func threads(of pid: pid_t) -> Int {
    let line = readFile("/proc/\(pid)/status").split(separator: "\n")
      .first { $0.hasPrefix("Threads:") }
    return line.flatMap { Int($0.dropFirst(8).drop { $0 == "\t" }) } ?? 0
  }
}

extension ChildProcess {
  public var children: [pid_t] { ProcessTree.children(of: pid) }

  /// A signal that carries a number, as sigqueue(3) sends it.
  public func queue(_ signal: Int32, value: Int32) {
    if isRunning { _ = sigqueue(pid, signal, sigval(sival_int: value)) }
  }
}
