import Foundation
import Glibc
import Synchronization
import TestSupport

/// A pool of echo workers on a socket of its own.
final class PoolRig {
  let folder = TemporaryFolder()
  var master: ChildProcess
  let connect: @Sendable () throws -> FastCGIClient
  let socket: String
  let logFile: String
  private let program: String

  /// `settings` are further variables. With a port it listens there and not on a unix socket.
  init(
    workers: String, inheriting listener: TestListener? = nil, port: UInt16? = nil,
    program: String = Products.path(of: "outcry-worker"), settings: [String: String] = [:],
    expecting children: Int? = nil
  ) {
    let path = listener?.path ?? folder.file("w")
    socket = port.map { "127.0.0.1:\($0)" } ?? path
    connect = { try port.map { try FastCGIClient(port: $0) } ?? FastCGIClient(path: path) }
    logFile = folder.file("log")
    self.program = program
    master = PoolRig.start(program, socket, workers, settings, listener, logFile)
    let expected = children ?? Int(workers) ?? 1
    // A child can answer before its master has heard that it does.
    let isReady = eventually {
      self.children.count == expected && isServing && logged("child serves") >= expected
    }
    precondition(isReady, log)
  }

  convenience init(workers: Int, inheriting listener: TestListener? = nil) {
    self.init(workers: String(workers), inheriting: listener)
  }

  func restart(workers: Int, inheriting listener: TestListener?) {
    master = PoolRig.start(program, socket, String(workers), [:], listener, logFile)
  }

  private static func start(
    _ program: String, _ socket: String, _ workers: String, _ settings: [String: String],
    _ listener: TestListener?, _ log: String
  ) -> ChildProcess {
    var variables = ["OUTCRY_LISTEN": socket, "OUTCRY_WORKERS": workers]
    variables.merge(settings) { $1 }
    var descriptors: [Int32: Int32] = [:]
    if let listener {
      variables["LISTEN_FDS"] = "1"
      descriptors[3] = listener.descriptor
    }
    return ChildProcess(
      program, ["--echo"], environment: variables, descriptors: descriptors, outputPath: log)
  }

  var children: [pid_t] { master.children }
  var isServing: Bool { (try? connect().get("/").status) == 200 }
  var log: String { readFile(logFile) }

  /// How often the log says it.
  func logged(_ message: String) -> Int { log.components(separatedBy: message).count - 1 }

  /// Ends the pool and all of its processes.
  func stop() -> Bool {
    let all = children
    master.kill(SIGTERM)
    return master.wait() == .code(0) && !all.contains(where: ProcessTree.isAlive)
  }
}

/// Clients that ask all the time, each on a connection it keeps. Like nginx they repeat a request
/// on a new connection when a kept one was closed before any answer.
///
/// Between two requests they rest: with all processors taken by threads that wake each other, a
/// kernel was seen to leave others that could run alone for half a minute. One of its own held
/// what every ending process needs then.
final class Load: Sendable {
  private let connect: @Sendable () throws -> FastCGIClient
  private let isOver = Atomic(false)
  private let running = Atomic(0)
  private let answered = Atomic(0)
  private let problems = Mutex<[String]>([])

  init(_ rig: PoolRig, clients: Int = 8) {
    connect = rig.connect
    for _ in 0..<clients {
      running.add(1, ordering: .relaxed)
      let thread = Thread { [self] in
        run()
        running.subtract(1, ordering: .releasing)
      }
      thread.start()
    }
  }

  var answers: Int { answered.load(ordering: .relaxed) }

  /// Waits until so many more answers have come.
  func more(_ count: Int) -> Bool {
    let goal = answers + count
    return eventually { answers >= goal }
  }

  /// Every failure there was.
  func finish() -> [String] {
    isOver.store(true, ordering: .relaxed)
    _ = eventually { running.load(ordering: .acquiring) == 0 }
    return problems.withLock { $0 }
  }

  private func run() {
    var client: FastCGIClient?
    while !isOver.load(ordering: .relaxed) {
      do {
        let isReused = client != nil
        if client == nil { client = try connect() }
        do {
          pause(microseconds: 500)
          let status = try client!.get("/").status
          if status != 200 { problems.withLock { $0.append("status \(status)") } }
          answered.add(1, ordering: .relaxed)
        } catch FastCGIClient.Failure.closed(answered: false) where isReused {
          client = nil
        }
      } catch {
        problems.withLock { $0.append("\(error)") }
        client = nil
      }
    }
  }
}
