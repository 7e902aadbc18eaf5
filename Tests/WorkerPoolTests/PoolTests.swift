import Foundation
import Glibc
import TestSupport
import Testing

@Suite("The worker pool", .serialized, .timeLimit(.minutes(5)))
struct PoolTests {
  @Test("starts its children, serves, and ends without leaving anything")
  func startAndStop() {
    let rig = PoolRig(workers: 3)
    #expect(rig.children.count == 3)
    #expect(rig.isServing)
    #expect(rig.stop())
    #expect(rig.log.contains("pool stopped"))
  }

  @Test("200 idle connections do not keep two threads from answering")
  func idleConnections() throws {
    let rig = PoolRig(workers: 1)
    #expect(ProcessTree.threads(of: rig.children[0]) == 2)
    let idle = try (0..<200).map { _ in try rig.connect() }
    for client in idle { #expect(try client.get("/").status == 200) }
    let start = monotonicSeconds()
    #expect(try rig.connect().get("/").status == 200)
    // Were a thread with each of them it would wait for one of them to be closed.
    #expect(monotonicSeconds() - start < 5)
    withExtendedLifetime(idle) {
      #expect(ProcessTree.threads(of: rig.children[0]) == 2)
    }
    #expect(rig.stop())
  }

  @Test("replaces a child that was killed; connections wait at the socket meanwhile")
  func killedChild() throws {
    let rig = PoolRig(workers: 1)
    for round in 1...5 {
      let victim = rig.children[0]
      kill(victim, SIGKILL)
      // Accepted by nobody until the replacement is there.
      #expect(try rig.connect().get("/").status == 200)
      #expect(eventually { rig.children.count == 1 && rig.children != [victim] })
      #expect(rig.isServing)
      #expect(eventually { rig.logged("child serves") == 1 + round })
    }
    #expect(rig.log.contains("killed by Killed"))
    #expect(rig.stop())
  }

  @Test("scales 1 → 4 → 1 under load without a failed request")
  func scaling() {
    let rig = PoolRig(workers: 1)
    let load = Load(rig)
    #expect(load.more(1000))
    for (signal, count) in [(SIGTTIN, 2), (SIGTTIN, 3), (SIGTTIN, 4)] {
      rig.master.kill(signal)
      #expect(eventually { rig.children.count == count })
    }
    #expect(load.more(1000))
    rig.master.queue(SIGUSR1, value: 1)
    #expect(eventually { rig.children.count == 1 })
    #expect(load.more(1000))
    rig.master.queue(SIGUSR1, value: 3)
    #expect(eventually { rig.children.count == 3 })
    rig.master.kill(SIGTTOU)
    #expect(eventually { rig.children.count == 2 })
    #expect(load.finish() == [])
    #expect(rig.stop())
  }

  @Test("replaces every child on SIGHUP without a failed request")
  func rollingRestart() {
    let rig = PoolRig(workers: 3)
    let load = Load(rig)
    for _ in 0..<3 {
      let before = Set(rig.children)
      #expect(load.more(1000))
      rig.master.kill(SIGHUP)
      #expect(
        eventually { rig.children.count == 3 && before.isDisjoint(with: rig.children) })
    }
    #expect(load.finish() == [])
    #expect(rig.stop())
  }

  @Test("a child that ends at once is not started again without a pause")
  func crashLoop() {
    let folder = TemporaryFolder()
    // A file where the child expects its socket: every child fails at its start.
    let notASocket = open(folder.file("x"), O_RDWR | O_CREAT, 0o600)
    defer { close(notASocket) }
    let master = ChildProcess(
      Products.path(of: "outcry-worker"), ["--echo"],
      environment: ["LISTEN_FDS": "1", "OUTCRY_WORKERS": "1"], descriptors: [3: notASocket])
    let deaths = { () -> Int in
      master.output.components(separatedBy: "child died").count - 1
    }
    let start = monotonicSeconds()
    #expect(eventually { deaths() >= 6 })
    // 0 + 100 + 200 + 400 + 800 ms.
    #expect(monotonicSeconds() - start > 1.4)
    master.kill(SIGTERM)
    #expect(master.wait() == .code(0))
  }
}

@Suite("The worker pool without its master", .serialized, .timeLimit(.minutes(5)))
struct MasterDeathTests {
  @Test("with a socket handed down, a new master takes over and no request fails")
  func inheritedSocket() {
    let folder = TemporaryFolder()
    let listener = TestListener(path: folder.file("w"))
    let rig = PoolRig(workers: 2, inheriting: listener)
    let load = Load(rig)
    for _ in 0..<3 {
      #expect(load.more(1000))
      let orphans = rig.children
      rig.master.kill(SIGKILL)
      #expect(rig.master.wait() == .signal(SIGKILL))
      rig.restart(workers: 2, inheriting: listener)
      #expect(eventually { rig.children.count == 2 })
      #expect(eventually { !orphans.contains(where: ProcessTree.isAlive) })
    }
    #expect(load.finish() == [])
    #expect(rig.stop())
  }

  @Test("a new master that binds the path itself takes over too, and no request fails")
  func boundPath() {
    let rig = PoolRig(workers: 2)
    let load = Load(rig)
    #expect(load.more(1000))
    let orphans = rig.children
    rig.master.kill(SIGKILL)
    #expect(rig.master.wait() == .signal(SIGKILL))
    rig.restart(workers: 2, inheriting: nil)
    #expect(eventually { rig.children.count == 2 })
    #expect(eventually { !orphans.contains(where: ProcessTree.isAlive) })
    #expect(load.more(1000))
    #expect(load.finish() == [])
    #expect(rig.stop())
  }

  @Test("its children end by themselves when no new master comes")
  func abandoned() {
    let rig = PoolRig(workers: 2)
    let orphans = rig.children
    rig.master.kill(SIGKILL)
    #expect(rig.master.wait() == .signal(SIGKILL))
    #expect(eventually { !orphans.contains(where: ProcessTree.isAlive) })
  }
}
