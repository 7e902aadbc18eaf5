import Foundation
import SharedMemory
import Supervision
import TestSupport
import Testing

@Suite("The supervisor", .serialized)
struct SupervisorTests {
  private func isAlive(_ pid: pid_t) -> Bool { kill(pid, 0) == 0 }

  @Test("up and down can be repeated, and down leaves no process")
  func upAndDown() throws {
    let stack = try TestStack()
    let first = stack.outcry("up")
    #expect(first.status == 0, "\(first.output)")
    #expect(first.output.contains("http://localhost:\(stack.port)"))
    #expect(stack.outcry("up").output.contains("up already"))
    #expect(stack.outcry("status").status == 0)
    let pids = stack.programs.map(\.pid)
    #expect(stack.outcry("down").status == 0)
    #expect(pids.allSatisfy { !isAlive($0) })
    #expect(stack.outcry("down").output.contains("down already"))
    #expect(stack.outcry("status").status == 3)
    try stack.up()
  }

  @Test(
    "a program that dies runs again at once", arguments: ["redis", "engine", "worker", "nginx"])
  func restart(name: String) throws {
    let stack = try TestStack()
    try stack.up()
    let old = try #require(stack.program(name)?.pid)
    let strain = Strain()
    defer { strain.stop() }
    let started = monotonicSeconds()
    kill(old, SIGKILL)
    #expect(eventually { stack.program(name).map { $0.pid != old && $0.pid != 0 } ?? false })
    let seconds = monotonicSeconds() - started
    #expect(seconds < strain.allowance(1), "the first restart does not wait")
    #expect(eventually { stack.get("/ready") == 200 })
    #expect(stack.program(name)?.restarts == 1)
  }

  @Test("a program that dies again and again is started ever more rarely")
  func backOff() throws {
    let stack = try TestStack()
    try stack.replace("outcry-engine", with: "echo x >> \(stack.folder.file("starts")); exit 3")
    #expect(stack.outcry("up", "--wait", "1").status == 1)
    func starts() -> Int { readFile(stack.folder.file("starts")).count / 2 }
    #expect(eventually { starts() >= 4 })
    // 0 + 100 + 200 + 400 + … ms: without a back-off there would be hundreds by now.
    #expect(starts() < 12)
  }

  @Test("a supervisor that takes long to start is waited for")
  func slowStart() throws {
    let stack = try TestStack()
    let up = stack.start("up")
    var supervisor: pid_t?
    #expect(
      eventually {
        supervisor = up.children.first {
          readFile("/proc/\($0)/cmdline").split(separator: "\0").contains("supervise")
        }
        return supervisor != nil || !up.isRunning
      })
    let pid = try #require(supervisor, "\(up.output)")
    kill(pid, SIGSTOP)
    // Longer than one that was there before would be looked for.
    pause(microseconds: 3_000_000)
    #expect(up.isRunning, "\(up.output)")
    kill(pid, SIGCONT)
    #expect(up.wait(within: 60) == .code(0), "\(up.output)")
    #expect(stack.supervisor == pid)
  }

  @Test("what is not ready is named, with the end of its log")
  func complaint() throws {
    let stack = try TestStack()
    try stack.replace("outcry-engine", with: "echo the tide is out >&2; exit 3")
    let up = stack.outcry("up", "--wait", "1")
    #expect(up.status == 1)
    #expect(up.output.contains("engine: "))
    // It may not have come to start it within its second.
    var said = up.output
    let isTold = eventually {
      if said.contains("the tide is out") { return true }
      said = stack.outcry("up", "--wait", "1").output
      return false
    }
    #expect(isTold, "\(said)")
  }

  @Test("when the supervisor is killed its programs stop, and up works again")
  func killedSupervisor() throws {
    let stack = try TestStack()
    try stack.up()
    let old = stack.programs.map(\.pid)
    kill(try #require(stack.supervisor), SIGKILL)
    #expect(eventually { old.allSatisfy { !isAlive($0) } })
    #expect(stack.outcry("status").status == 3)
    try stack.up()
    #expect(stack.get("/ready") == 200)
    kill(try #require(stack.supervisor), SIGKILL)
    #expect(stack.outcry("down").status == 0)
    let folder = try #require(StateFolder(existing: stack.state))
    #expect(Leftovers(of: folder).processes().isEmpty)
  }

  @Test("when the state folder is removed everything stops")
  func removedFolder() throws {
    let stack = try TestStack()
    try stack.up()
    let pids = stack.programs.map(\.pid)
    let instance = try #require(StateFolder(existing: stack.state)?.instance)
    try FileManager.default.removeItem(atPath: stack.state)
    #expect(eventually { pids.allSatisfy { !isAlive($0) } })
    let segments = { try Instance(name: instance).list() }
    #expect(try eventually { try segments().isEmpty })
  }

  @Test("connections wait while the worker master is started again")
  func handedDownSocket() throws {
    let stack = try TestStack()
    try stack.up()
    for _ in 0..<3 {
      let old = try #require(stack.program("worker")?.pid)
      kill(old, SIGKILL)
      #expect(stack.get("/api/x") == 200)
      #expect(eventually { stack.program("worker").map { $0.pid != old && $0.pid != 0 } ?? false })
    }
  }

  @Test("a port that is taken is said before anything starts")
  func takenPort() throws {
    let stack = try TestStack()
    let other = try TestStack()
    try stack.up()
    let result = ChildProcess.run(
      Products.path(of: "outcry"),
      ["up", "--state", other.state, "--programs", other.folder.file("programs")],
      environment: ["OUTCRY_PORT": "\(stack.port)", "OUTCRY_DATABASE": "host=/nowhere"])
    #expect(result.exit == .code(1))
    #expect(result.output.contains("port \(stack.port)"))
    #expect(other.supervisor == nil)
  }

  @Test("a PostgreSQL of its own comes up, keeps its data and comes back when killed")
  func postgres() throws {
    let stack = try TestStack(database: nil)
    let up = stack.outcry("up")
    #expect(up.status == 0, "\(up.output)")
    let old = try #require(stack.program("postgres")?.pid)
    kill(old, SIGKILL)
    #expect(
      eventually {
        stack.program("postgres").map { $0.pid != old && $0.isReady } ?? false
      })
    #expect(stack.outcry("down").status == 0)
    try stack.up()
  }
}

@Suite("The operator's tool", .serialized)
struct OperatorTests {
  private func run(_ arguments: String...) -> (exit: ChildProcess.Exit?, output: String) {
    ChildProcess.run(Products.path(of: "outcry"), arguments)
  }

  @Test(
    "every command explains itself",
    arguments: [
      "up", "down", "status", "top", "symbols", "scale", "reload", "config", "supervise",
    ])
  func help(command: String) {
    let (exit, output) = run(command, "--help")
    #expect(exit == .code(0))
    #expect(output.hasPrefix("usage: outcry \(command)"))
  }

  @Test("a wrong command line is told so, and what to try")
  func usage() {
    for words in [["juggle"], ["up", "--fast"], ["scale", "workers", "0"], ["symbols"]] {
      let (exit, output) = ChildProcess.run(Products.path(of: "outcry"), words)
      #expect(exit == .code(64), "\(words)")
      #expect(output.contains("Try: outcry "), "\(words)")
    }
  }

  @Test("a folder without an exchange is told so")
  func nowhere() {
    let (exit, output) = run("status", "--state", "/nonexistent/state")
    #expect(exit == .code(1))
    #expect(output.contains("`outcry up` makes one"))
  }
}
