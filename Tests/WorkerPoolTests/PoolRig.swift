import Foundation
import Glibc
import Synchronization
import TestSupport

/// A pool of echo workers on a socket of its own.
final class PoolRig {
  let folder = TemporaryFolder()
  var master: ChildProcess
  let socket: String
  let logFile: String

  init(workers: Int, inheriting listener: TestListener? = nil) {
    socket = listener?.path ?? folder.file("w")
    logFile = folder.file("log")
    master = PoolRig.start(socket, workers, listener, logFile)
    precondition(eventually { children.count == workers && isServing }, log)
  }

  func restart(workers: Int, inheriting listener: TestListener?) {
    master = PoolRig.start(socket, workers, listener, logFile)
  }

  private static func start(
    _ socket: String, _ workers: Int, _ listener: TestListener?, _ log: String
  ) -> ChildProcess {
    var variables = ["OUTCRY_LISTEN": socket, "OUTCRY_WORKERS": String(workers)]
    var descriptors: [Int32: Int32] = [:]
    if let listener {
      variables["LISTEN_FDS"] = "1"
      descriptors[3] = listener.descriptor
    }
    return ChildProcess(
      Products.path(of: "outcry-worker"), ["--echo"], environment: variables,
      descriptors: descriptors, outputPath: log)
  }

  var children: [pid_t] { master.children }
  var isServing: Bool { (try? FastCGIClient(path: socket).get("/").status) == 200 }
  var log: String { readFile(logFile) }

  /// Ends the pool and all of its processes.
  func stop() -> Bool {
    let all = children
    master.kill(SIGTERM)
    return master.wait() == .code(0) && !all.contains(where: ProcessTree.isAlive)
  }
}

/// Clients that ask without a pause, each on a connection it keeps. Like nginx they repeat a
/// request on a new connection when a kept one was closed before any answer.
final class Load: Sendable {
  private let isOver = Atomic(false)
  private let running = Atomic(0)
  private let answered = Atomic(0)
  private let problems = Mutex<[String]>([])

  init(_ socket: String, clients: Int = 8) {
    for _ in 0..<clients {
      running.add(1, ordering: .relaxed)
      let thread = Thread { [self] in
        run(socket)
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

  private func run(_ socket: String) {
    var client: FastCGIClient?
    while !isOver.load(ordering: .relaxed) {
      do {
        let isReused = client != nil
        if client == nil { client = try FastCGIClient(path: socket) }
        do {
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
