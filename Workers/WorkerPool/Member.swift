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
  /// Which wave of a rolling restart started it.
  let wave: Int
  var readiness: Int32
  var stage = Stage.starting

  var isDraining: Bool { if case .draining = stage { true } else { false } }
}

/// What a child finds when it starts: the FastCGI convention's socket at descriptor 0, the socket
/// on which it says that it is ready, and who its master is.
enum Inheritance {
  static let listener: Int32 = 0
  static let readiness: Int32 = 3
  static let masterVariable = "OUTCRY_MASTER_PID"
}

extension Member {
  /// Starts a child on the listening socket.
  static func start(
    _ program: String, _ arguments: [String], listener: Int32, wave: Int, now: Int64
  ) throws(SystemCallError) -> Member {
    // A socket pair, because Glibc's module has no pipe2 that closes itself in other children.
    var ends: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw SystemCallError("socketpair") }
    defer { close(ends[1]) }
    var spawner = Spawner(program: program, arguments: arguments)
    spawner.environment = [
      "LISTEN_FDS": nil, "LISTEN_PID": nil, Inheritance.masterVariable: String(getpid()),
    ]
    spawner.descriptors = [Inheritance.listener: listener, Inheritance.readiness: ends[1]]
    do throws(SystemCallError) {
      let pid = try spawner.start()
      return Member(pid: pid, startedAt: now, wave: wave, readiness: ends[0])
    } catch {
      close(ends[0])
      throw error
    }
  }
}
