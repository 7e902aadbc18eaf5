import CShared
import FastCGI
import Glibc

/// What a child finds when it starts: the FastCGI convention's socket at descriptor 0, the pipe
/// on which it says that it is ready, and who its master is.
enum Inheritance {
  static let listener: Int32 = 0
  static let readiness: Int32 = 3
  static let masterVariable = "OUTCRY_MASTER_PID"
}

/// Starts a program as a child of the pool.
struct Spawner: Sendable {
  let program: String
  let arguments: [String]
  let listener: Int32

  struct Started {
    let pid: pid_t
    /// Readable when the child is ready (a byte) or gone (the end).
    let readiness: Int32
  }

  func start() throws(SystemCallError) -> Started {
    // A socket pair, because Glibc's module has no pipe2 that closes itself in other children.
    var ends: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw SystemCallError("socketpair") }
    defer { close(ends[1]) }

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, listener, Inheritance.listener)
    posix_spawn_file_actions_adddup2(&actions, ends[1], Inheritance.readiness)

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // The master's blocked signals would be inherited and never be seen by the child.
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

    var pid: pid_t = 0
    let failure = withCStrings([program] + arguments) { arguments in
      withCStrings(environment()) { environment in
        posix_spawn(&pid, program, &actions, &attributes, arguments, environment)
      }
    }
    guard failure == 0 else {
      close(ends[0])
      throw SystemCallError("posix_spawn \(program)", errno: failure)
    }
    return Started(pid: pid, readiness: ends[0])
  }

  private func environment() -> [String] {
    var result = ["\(Inheritance.masterVariable)=\(getpid())"]
    var entry = outcry_environment()
    while let line = entry?.pointee {
      let text = String(cString: line)
      if !text.hasPrefix("LISTEN_"), !text.hasPrefix(Inheritance.masterVariable) {
        result.append(text)
      }
      entry = entry?.successor()
    }
    return result
  }
}

private func withCStrings<Value>(
  _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Value
) -> Value {
  let copies = strings.map { strdup($0) }
  defer { copies.forEach { free($0) } }
  return body(copies + [nil])
}
