import Glibc
import Settings

/// A short command that is waited for.
enum Command {
  /// Its exit status; its output goes to the descriptor.
  static func run(
    _ command: [String], in folder: String = "/", output: Int32
  ) throws(SystemError) -> Int32 {
    var spawn = Spawn(
      command: command, environment: Settings.processEnvironment(), folder: folder,
      output: output)
    spawn.ownGroup = false  // so that Ctrl-C reaches it
    let pid = try spawn.start()
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return status
  }

  static func succeeds(_ command: [String]) -> Bool {
    let nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC)
    defer { close(nowhere) }
    return (try? run(command, output: nowhere)) == 0
  }
}
