import CShared
import Glibc
import Settings

/// Starts a process of its own group, with standard input from nowhere.
public struct Spawn {
  public var command: [String]
  public var environment: [String: String]
  public var folder: String
  /// Where standard output and error go.
  public var output: Int32
  /// Becomes descriptor 3, where systemd's convention puts a socket that is handed down.
  public var listener: Int32?
  /// Its own process group: what it starts can be told from everything else.
  public var ownGroup = true

  public init(command: [String], environment: [String: String], folder: String, output: Int32) {
    self.command = command
    self.environment = environment
    self.folder = folder
    self.output = output
  }

  public func start() throws(SystemError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
    if let listener { posix_spawn_file_actions_adddup2(&actions, listener, 3) }
    outcry_spawn_in_folder(&actions, folder)

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // The supervisor blocks the signals it reads from a descriptor; a child must not.
    var none = sigset_t()
    sigemptyset(&none)
    var all = sigset_t()
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    var flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    if ownGroup {
      posix_spawnattr_setpgroup(&attributes, 0)
      flags |= POSIX_SPAWN_SETPGROUP
    }
    posix_spawnattr_setflags(&attributes, Int16(flags))

    var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] =
      environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in arguments + variables { free(pointer) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, command[0], &actions, &attributes, &arguments, &variables)
    guard code == 0 else { throw SystemError(call: "posix_spawn", code: code, subject: command[0]) }
    return pid
  }
}

/// What became of a process, in words for a log.
struct Ending: CustomStringConvertible {
  let status: Int32

  var description: String {
    let signal = status & 0x7f
    return signal == 0 ? "exit status \(status >> 8 & 0xff)" : "signal \(signal)"
  }
}
