import Foundation
import SharedMemory
import Supervision
import Synchronization
import TestSupport
import Testing

@Suite("outcry reload", .serialized, .timeLimit(.minutes(6)))
struct ReloadTests {
  /// An exchange whose worker program is a copy that can be replaced.
  private final class Updated {
    let programs = TemporaryFolder("programs")
    let exchange: Exchange

    init() throws {
      let top = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
      try FileManager.default.createSymbolicLink(
        atPath: programs.file("nginx"),
        withDestinationPath: top.appending(path: "nginx").standardized.path)
      for name in ["outcry-engine", "outcry-feed", "outcry-worker"] {
        try FileManager.default.copyItem(
          atPath: Products.path(of: name), toPath: programs.file(name))
      }
      exchange = try Exchange(programs: programs.path)
    }

    /// Another file under the same name.
    func install(_ content: String? = nil) throws {
      let path = programs.file("outcry-worker")
      if let content {
        try content.write(toFile: path + ".new", atomically: false, encoding: .utf8)
        chmod(path + ".new", 0o755)
      } else {
        try FileManager.default.copyItem(
          atPath: Products.path(of: "outcry-worker"), toPath: path + ".new")
      }
      rename(path + ".new", path)
    }

    func configure(_ text: String) throws {
      try text.write(
        toFile: exchange.state + "/outcry.conf", atomically: true, encoding: .utf8)
    }

    func program(of pid: pid_t) -> UInt64 {
      var status = stat()
      return stat("/proc/\(pid)/exe", &status) == 0 ? UInt64(status.st_ino) : 0
    }

    func reload() -> (status: Int32, output: String) {
      exchange.outcry("reload", "--programs", programs.path)
    }
  }

  @Test("brings in a new program and new settings while orders are placed, and none fails")
  func underLoad() throws {
    let updated = try Updated()
    let exchange = updated.exchange
    let orders = Orders(try exchange.trader())
    #expect(eventually { orders.placed > 50 })
    for round in 1...3 {
      let master = exchange.pid(of: "worker")
      let before = try exchange.living(.worker)
      let old = updated.program(of: master)
      try updated.install()
      try updated.configure("workers = \(round + 1)\nclient_timeout_seconds = \(round + 10)\n")
      let result = updated.reload()
      #expect(result.status == 0, "\(result.output)")
      #expect(result.output.contains("nginx reads its new configuration"))
      #expect(exchange.pid(of: "worker") == master, "the supervisor still knows it")
      #expect(updated.program(of: master) != old)
      let serving = try exchange.figure(.serving)
      #expect(serving == UInt64(round + 1))
      // Those that finish what they have begun live a little longer.
      #expect(
        try eventually {
          Set(before).isDisjoint(with: try exchange.living(.worker))
        })
      let goal = orders.placed + 50
      #expect(eventually { orders.placed > goal })
    }
    #expect(orders.finish() == [])
    #expect(try exchange.figure(.died) == 0)
    let status = exchange.outcry("status")
    #expect(status.output.contains("3 reloads, 0 refused"), "\(status.output)")
  }

  @Test("changes nothing when program or configuration is wrong, and says what is")
  func refused() throws {
    let updated = try Updated()
    let exchange = updated.exchange
    let before = try exchange.living(.worker)
    try updated.install("#!/bin/sh\necho out of order >&2\nexit 3\n")
    let program = updated.reload()
    #expect(program.status == 1)
    #expect(program.output.contains("does not start"), "\(program.output)")
    #expect(program.output.contains("out of order"), "\(program.output)")
    try updated.install()
    try updated.configure("workers = many\nwrokers = 2\n")
    let configuration = updated.reload()
    #expect(configuration.status == 78)
    #expect(configuration.output.contains("did you mean workers"), "\(configuration.output)")
    #expect(try exchange.living(.worker) == before)
    #expect(exchange.anyone().call("GET", "/ready").status == 200)
    try updated.configure("# nothing\n")
    #expect(updated.reload().status == 0)
  }

  /// Places orders one after the other until told to stop.
  private final class Orders: Sendable {
    private let isOver = Atomic(false)
    private let running = Atomic(0)
    private let count = Atomic(0)
    private let failures = Mutex<[String]>([])

    init(_ trader: Client) {
      for number in 0..<6 {
        running.add(1, ordering: .relaxed)
        Thread { [self] in
          while !isOver.load(ordering: .relaxed) {
            let answer = trader.place("buy", "1", at: "\(1000 + number)")
            if answer.status == 201 {
              count.add(1, ordering: .relaxed)
            } else {
              failures.withLock { $0.append("\(answer)") }
            }
          }
          running.subtract(1, ordering: .releasing)
        }.start()
      }
    }

    var placed: Int { count.load(ordering: .relaxed) }

    func finish() -> [String] {
      isOver.store(true, ordering: .relaxed)
      _ = eventually { running.load(ordering: .acquiring) == 0 }
      return failures.withLock { $0 }
    }
  }
}
