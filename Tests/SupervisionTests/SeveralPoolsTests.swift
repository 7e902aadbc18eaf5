import Foundation
import Synchronization
import TestSupport
import Testing

/// nginx over several pools, as with containers, where a pool goes with everything that is in it.
@Suite("nginx over several pools", .serialized)
struct SeveralPoolsTests {
  /// Pools beside the stack's own, each with a socket of its own.
  private func pools(_ count: Int, in stack: TestStack) -> [ChildProcess] {
    (1...count).map { number in
      ChildProcess(
        Products.path(of: "outcry-worker"), ["--echo"],
        environment: ["OUTCRY_LISTEN": socket(number, stack), "OUTCRY_WORKERS": "2"])
    }
  }

  private func socket(_ number: Int, _ stack: TestStack) -> String {
    stack.folder.file("pool-\(number)")
  }

  /// Puts other addresses in the place of the stack's own.
  private func balance(over sockets: [String], in stack: TestStack) throws {
    let path = stack.state + "/nginx/nginx.conf"
    let list = sockets.map { "server unix:\($0) max_fails=3 fail_timeout=1s;" }
    let lines = readFile(path).split(separator: "\n", omittingEmptySubsequences: false)
    let text = lines.map { line in
      line.contains(" server unix:") ? list.joined(separator: "\n") : String(line)
    }
    try text.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
    kill(try #require(stack.program("nginx")).pid, SIGHUP)
  }

  /// All of its processes at once, the master first, which nothing would replace.
  private func vanish(_ pool: ChildProcess) {
    let children = pool.children
    pool.kill(SIGKILL)
    for child in children { kill(child, SIGKILL) }
  }

  @Test("no request fails when all but one vanish at the same moment")
  func vanishing() throws {
    let stack = try TestStack()
    try stack.up()
    let pools = pools(4, in: stack)
    let sockets = (1...4).map { socket($0, stack) }
    #expect(eventually { sockets.allSatisfy(FileManager.default.fileExists) })
    try balance(over: sockets, in: stack)

    let crowd = Crowd(port: stack.port, count: 6)
    #expect(eventually { crowd.answered > 300 })
    for pool in pools.prefix(3) { vanish(pool) }
    let before = crowd.answered
    #expect(eventually { crowd.answered > before + 300 })
    let statuses = crowd.leave()
    #expect(Array(statuses.keys) == [200], "\(statuses)")
  }
}

/// Clients that ask without a pause, and count the statuses of the answers.
private final class Crowd: Sendable {
  private let isOver = Atomic(false)
  private let statuses = Mutex<[Int: Int]>([:])
  private let clients = DispatchGroup()

  init(port: UInt16, count: Int) {
    for _ in 0..<count {
      DispatchQueue.global().async(group: clients) { [self] in
        while !isOver.load(ordering: .relaxed) {
          let status = HTTPClient(port: port).send("POST", "/api/x", body: [1]).status
          statuses.withLock { $0[status, default: 0] += 1 }
        }
      }
    }
  }

  var answered: Int { statuses.withLock { $0[200] ?? 0 } }

  func leave() -> [Int: Int] {
    isOver.store(true, ordering: .relaxed)
    clients.wait()
    return statuses.withLock { $0 }
  }
}
