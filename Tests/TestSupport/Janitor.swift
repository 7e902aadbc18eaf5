import Glibc

/// A shell that waits until this object goes, or this whole process, however it ends, and then
/// runs a command. So nothing a test starts outlives it, kill -9 included.
public final class Janitor: Sendable {
  private let pid: pid_t
  private let leash: Int32

  public init(command: String) {
    var ends: [Int32] = [0, 0]
    // Closed on exec from the start, lest a process spawned meanwhile holds the leash too.
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    precondition(socketpair(AF_UNIX, kind, 0, &ends) == 0, "socketpair: errno \(errno)")
    leash = ends[1]
    // The interrupt that ends the tests reaches the whole process group; the janitor stays.
    pid = spawn(
      ["/bin/sh", "-c", "trap '' INT TERM HUP; read -r _; \(command)"], input: ends[0])
    close(ends[0])
  }

  deinit {
    close(leash)
    var status: Int32 = 0
    waitpid(pid, &status, 0)
  }
}

/// Starts a program with the descriptors given, or with /dev/null.
func spawn(
  _ arguments: [String], environment: [String: String] = [:], input: Int32? = nil,
  descriptors: [Int32: Int32] = [:], output: String = "/dev/null"
) -> pid_t {
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  if let input {
    posix_spawn_file_actions_adddup2(&actions, input, 0)
  } else {
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
  }
  posix_spawn_file_actions_addopen(
    &actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o666)
  posix_spawn_file_actions_adddup2(&actions, 1, 2)
  for (number, own) in descriptors { posix_spawn_file_actions_adddup2(&actions, own, number) }
  // Whoever waits for the end of a pipe, in any test, must not wait for a server to close it.
  for number in openDescriptors() where number > 2 && descriptors[number] == nil {
    posix_spawn_file_actions_addclose(&actions, number)
  }

  var variables = environment
  var entry = environ
  while let text = entry.pointee {
    let pair = String(cString: text).split(separator: "=", maxSplits: 1).map(String.init)
    if pair.count == 2 && variables[pair[0]] == nil { variables[pair[0]] = pair[1] }
    entry += 1
  }
  var argv = arguments.map { strdup($0) } + [nil]
  var envp = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
  defer { for pointer in argv + envp { free(pointer) } }
  var pid: pid_t = 0
  let failure = posix_spawnp(&pid, arguments[0], &actions, nil, &argv, &envp)
  precondition(failure == 0, "cannot start \(arguments[0]): errno \(failure)")
  return pid
}

private func openDescriptors() -> [Int32] {
  guard let folder = opendir("/proc/self/fd") else { return [] }
  defer { closedir(folder) }
  var found: [Int32] = []
  while let entry = readdir(folder) {
    let number = withUnsafeBytes(of: &entry.pointee.d_name) { name in
      Int32(String(decoding: name.prefix { $0 != 0 }, as: UTF8.self))
    }
    if let number, number != dirfd(folder) { found.append(number) }
  }
  return found
}
