import Glibc
import Synchronization

/// A process started by a test. Its output goes to a file; it is killed with the object, and by a
/// janitor should the tests themselves be killed.
public final class ChildProcess: Sendable {
  public enum Exit: Hashable, Sendable {
    case code(Int32)
    case signal(Int32)
  }

  public let pid: pid_t
  public let outputPath: String
  private let exit = Mutex<Exit?>(nil)
  private let janitor: Janitor
  private let folder: TemporaryFolder?

  /// The program is a path, or a name to be found in PATH. The environment given is added to this
  /// process's own. `descriptors` says which of
  /// our descriptors (value) it finds under which number (key).
  public init(
    _ program: String, _ arguments: [String] = [], environment: [String: String] = [:],
    input: Int32? = nil, descriptors: [Int32: Int32] = [:], outputPath: String? = nil
  ) {
    let folder = outputPath == nil ? TemporaryFolder("output") : nil
    let path = outputPath ?? folder!.file("output")
    pid = spawn(
      [program] + arguments, environment: environment, input: input, descriptors: descriptors,
      output: path)
    self.outputPath = path
    self.folder = folder
    janitor = Janitor(command: "kill -9 \(pid)")
  }

  deinit {
    guard status == nil else { return }
    Glibc.kill(pid, SIGKILL)
    _ = wait(within: 5)
  }

  /// How the process ended; nil while it runs.
  public var status: Exit? {
    exit.withLock { known in
      if known != nil { return known }
      var status: Int32 = 0
      guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
      let signal = status & 0x7F
      known = signal == 0 ? .code((status >> 8) & 0xFF) : .signal(signal)
      return known
    }
  }

  public var isRunning: Bool { status == nil }

  public func kill(_ signal: Int32 = SIGKILL) {
    if isRunning { Glibc.kill(pid, signal) }
  }

  /// How it ended, or nil when it still runs after so long.
  public func wait(within seconds: Double = 30) -> Exit? {
    _ = eventually(within: seconds) { status != nil }
    return status
  }

  /// What it has written so far, standard error included.
  public var output: String { readFile(outputPath) }

  /// Runs a program to its end and returns how it ended and what it wrote.
  public static func run(
    _ program: String, _ arguments: [String] = [], environment: [String: String] = [:],
    within seconds: Double = 60
  ) -> (exit: Exit?, output: String) {
    let child = ChildProcess(program, arguments, environment: environment)
    let exit = child.wait(within: seconds)
    return (exit, child.output)
  }
}

public func readFile(_ path: String) -> String {
  guard let file = fopen(path, "r") else { return "" }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 65536)
  while true {
    let count = fread(&chunk, 1, chunk.count, file)
    if count == 0 { break }
    bytes += chunk[..<count]
  }
  return String(decoding: bytes, as: UTF8.self)
}
