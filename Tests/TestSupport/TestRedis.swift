import Glibc
import Synchronization

/// A Redis server of the tests' own, on a unix socket and on a free port of 127.0.0.1.
public final class TestRedis: Sendable {
  public let folder: TemporaryFolder
  public let port: UInt16
  private let isInCluster: Bool
  private let server = Mutex<ChildProcess?>(nil)

  public var socket: String { folder.file("redis.sock") }

  /// `isInCluster`: a cluster's node that has not met the others.
  public init(isInCluster: Bool = false) {
    self.isInCluster = isInCluster
    folder = TemporaryFolder("redis")
    port = freePort()
    start()
  }

  public func start() {
    let child = ChildProcess(
      "redis-server",
      [
        "--unixsocket", socket, "--port", String(port), "--bind", "127.0.0.1", "--save", "",
        "--appendonly", "no", "--dir", folder.path, "--daemonize", "no",
      ] + (isInCluster ? ["--cluster-enabled", "yes", "--cluster-port", String(freePort())] : []),
      outputPath: folder.file("log"))
    server.withLock { $0 = child }
    let ready = eventually {
      readFile(folder.file("log")).contains("The server is now ready to accept connections at")
        && command(["ping"]) == "PONG"
    }
    precondition(ready, "Redis does not start:\n\(readFile(folder.file("log")))")
  }

  public func stop() {
    server.withLock { child in
      child?.kill(SIGKILL)
      _ = child?.wait()
      child = nil
    }
  }

  /// A server that accepts connections and never answers.
  public func pause() { server.withLock { $0?.kill(SIGSTOP) } }
  public func resume() { server.withLock { $0?.kill(SIGCONT) } }

  /// Runs one command with redis-cli and returns what it prints.
  public func command(_ arguments: [String]) -> String {
    var output = ChildProcess.run("redis-cli", ["-s", socket] + arguments).output
    while output.last?.isNewline == true { output.removeLast() }
    return output
  }
}
