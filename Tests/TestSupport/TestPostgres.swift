import Glibc
import Postgres
import Synchronization

/// A PostgreSQL cluster of the tests' own in a temporary folder. It goes with the object, and
/// with this process, however that ends.
public final class TestPostgres: Sendable {
  public enum Stop: Sendable { case fast, immediate, kill }

  public let folder: TemporaryFolder
  public let port: UInt16
  /// For TCP; through the unix socket no password is asked.
  public let password = "correct horse"
  private let server = Mutex<ChildProcess?>(nil)
  private let janitor: Janitor
  private let settings: [String: String]
  private let databases = Atomic<Int>(0)

  /// One cluster that suites may share, each with databases of its own.
  public static let shared = TestPostgres()

  /// `fsync` off is for tests whose subject is not durability.
  public init(fsync: Bool = true, tcp: Bool = false, settings extra: [String: String] = [:]) {
    folder = TemporaryFolder("postgres")
    port = freePort()
    settings = [
      "fsync": fsync ? "on" : "off", "unix_socket_directories": folder.path,
      "listen_addresses": tcp ? "127.0.0.1" : "", "shared_buffers": "128MB",
      "max_wal_size": "4GB", "max_connections": "200", "log_line_prefix": "%m %p ",
      "logging_collector": "off", "dynamic_shared_memory_type": "mmap",
    ].merging(extra) { _, new in new }
    let path = folder.path
    // The postmaster's own file names it; its children end when it does.
    janitor = Janitor(command: "kill -9 $(head -1 '\(path)/data/postmaster.pid') 2>/dev/null")
    TestPostgres.initialise(path, password: password)
    start()
  }

  deinit { stop(.kill) }

  /// A connection string for the socket, with the database given.
  public func settings(database: String = "postgres") -> String {
    "host=\(folder.path) port=\(port) user=outcry dbname=\(database)"
  }

  /// The same by TCP with a password; only when it was asked for.
  public func tcpSettings(database: String = "postgres", password: String? = nil) -> String {
    let password = password ?? self.password
    return "host=127.0.0.1 port=\(port) user=outcry dbname=\(database) password='\(password)'"
  }

  /// Makes an empty database and returns its connection string.
  public func newDatabase() -> String {
    let number = databases.add(1, ordering: .relaxed).newValue
    do {
      try Connection(settings()).run("create database test\(number)")
    } catch { preconditionFailure("\(error)") }
    return settings(database: "test\(number)")
  }

  /// After a SIGKILL the sessions of the server before need a moment to notice, and a new one that
  /// still meets them gives up: then it is started again.
  public func start() {
    let answers = eventually {
      if server.withLock({ $0?.isRunning }) != true { launch() }
      return (try? Connection(settings()).run("select 1")) != nil
    }
    precondition(answers, "PostgreSQL does not start:\n\(readFile(folder.file("log")))")
  }

  private func launch() {
    let arguments = settings.sorted { $0.key < $1.key }
      .flatMap { ["-c", "\($0.key)=\($0.value)"] }
    let child = ChildProcess(
      "/bin/sh",
      ["-c", "exec \"$@\"", "sh"]
        + TestPostgres.command(
          "postgres", ["-D", folder.file("data"), "-p", String(port)] + arguments),
      outputPath: folder.file("log"))
    server.withLock { $0 = child }
  }

  public func stop(_ how: Stop = .fast) {
    server.withLock { child in
      guard let running = child else { return }
      switch how {
      case .fast: running.kill(SIGINT)
      case .immediate: running.kill(SIGQUIT)
      case .kill: running.kill(SIGKILL)
      }
      _ = running.wait()
      child = nil
    }
  }

  public func restart(_ how: Stop = .fast) {
    stop(how)
    // After a SIGKILL its children need a moment to notice, and a new server waits for them.
    if how == .kill { unlink(folder.file("data/postmaster.pid")) }
    start()
  }

  /// PostgreSQL refuses to run as root.
  private static func command(_ program: String, _ arguments: [String]) -> [String] {
    let path = "\(programs)/\(program)"
    guard getuid() == 0 else { return [path] + arguments }
    return ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", path]
      + arguments
  }

  private static func initialise(_ folder: String, password: String) {
    let passwordFile = "\(folder)/password"
    let made = ChildProcess.run(
      "/bin/sh", ["-c", "printf '%s' '\(password)' > '\(passwordFile)'; chmod 755 '\(folder)'"])
    precondition(made.exit == .code(0), made.output)
    if getuid() == 0 {
      let owned = ChildProcess.run("chown", ["-R", "postgres:postgres", folder])
      precondition(owned.exit == .code(0), owned.output)
    }
    let command = command(
      "initdb",
      [
        "-D", "\(folder)/data", "-U", "outcry", "--pwfile", passwordFile, "--auth-local", "trust",
        "--auth-host", "scram-sha-256", "--no-sync", "--no-instructions", "-E", "UTF8",
        "--locale", "C.UTF-8",
      ])
    let done = ChildProcess.run(command[0], Array(command.dropFirst()))
    precondition(done.exit == .code(0), done.output)
  }

  /// Debian keeps the server's programs out of PATH.
  private static let programs: String = {
    let found = ChildProcess.run("pg_config", ["--bindir"])
    let candidates =
      [String(found.output.prefix { $0 != "\n" })]
      + (13...20).reversed().map { "/usr/lib/postgresql/\($0)/bin" }
    guard let path = candidates.first(where: { access("\($0)/initdb", X_OK) == 0 }) else {
      preconditionFailure("PostgreSQL's server programs are not installed")
    }
    return path
  }()
}
