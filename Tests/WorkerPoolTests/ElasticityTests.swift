import Foundation
import Glibc
import TestSupport
import Testing
import WorkerPool

@Suite("The number of children that a load wants")
struct ElasticityTests {
  private func load(_ busy: Double, _ serving: Int, waiting: Int = 0) -> Elasticity.Load {
    var load = Elasticity.Load()
    load.busy = busy
    load.serving = serving
    load.waiting = waiting
    return load
  }

  @Test(
    "grows at once with what is busy or waits",
    arguments: [
      (0.5, 1, 0, 1), (0.76, 1, 0, 2), (1.0, 1, 0, 2), (2.0, 2, 0, 4), (8.0, 8, 0, 14),
      (0.1, 2, 3, 3), (0.1, 2, 2, 2), (1.4, 2, 0, 2),
    ])
  func growing(busy: Double, serving: Int, waiting: Int, wanted: Int) {
    var elasticity = Elasticity()
    let load = load(busy, serving, waiting: waiting)
    #expect(elasticity.wanted(load, current: serving, now: 0) == wanted)
  }

  @Test("waits for those that just start")
  func starting() {
    var elasticity = Elasticity()
    #expect(elasticity.wanted(load(2, 2), current: 4, now: 0) == 4)
  }

  @Test("shrinks by one after ten calm seconds, and again after ten more")
  func shrinking() {
    var elasticity = Elasticity()
    let second: Int64 = 1_000_000_000
    var current = 4
    var history: [Int] = []
    for now in 0...35 {
      current = elasticity.wanted(load(0.1, current), current: current, now: Int64(now) * second)
      history.append(current)
    }
    #expect(history.prefix(10).allSatisfy { $0 == 4 })
    #expect(history[10] == 3 && history[19] == 3 && history[20] == 2 && history[35] == 1)
  }

  @Test("does not shrink when the rest would be busy, and begins to count anew after a rush")
  func calmEnough() {
    var elasticity = Elasticity()
    let second: Int64 = 1_000_000_000
    for now in 0..<60 {
      #expect(elasticity.wanted(load(0.9, 3), current: 3, now: Int64(now) * second) == 3)
    }
    for now in 60..<69 {
      #expect(elasticity.wanted(load(0.1, 3), current: 3, now: Int64(now) * second) == 3)
    }
    #expect(elasticity.wanted(load(1.0, 3), current: 3, now: 69 * second) == 3)
    #expect(elasticity.wanted(load(0.1, 3), current: 3, now: 71 * second) == 3)
    #expect(elasticity.wanted(load(0.1, 3), current: 3, now: 81 * second) == 2)
  }
}

@Suite("A pool that follows the load", .serialized, .timeLimit(.minutes(4)))
struct ElasticPoolTests {
  @Test("grows when connections wait to be accepted, up to what is allowed, and shrinks again")
  func growsAndShrinks() throws {
    // Nobody is replaced for standing still: the test lets one do so.
    let rig = PoolRig(workers: "1-3", settings: ["OUTCRY_WORKER_STUCK_SECONDS": "600"])
    let first = rig.children[0]
    kill(first, SIGSTOP)
    // Else it accepts them before it stands still.
    #expect(eventually { ProcessTree.isStopped(first) })
    let waiting = try (0..<5).map { _ in try rig.connect() }
    for client in waiting { try client.send(FastCGIClient.encode("GET", "/")) }
    #expect(eventually { rig.children.count >= 2 })
    for client in waiting { #expect(try client.receive().status == 200) }
    #expect(rig.children.count <= 3)
    kill(first, SIGCONT)
    #expect(eventually(within: 90) { rig.children.count == 1 })
    #expect(rig.isServing)
    #expect(rig.logged("load changes the number of children") >= 2)
    #expect(rig.stop())
  }

  @Test("a range can be asked for while it runs")
  func rangeByHand() {
    let rig = PoolRig(workers: 1)
    rig.master.queue(SIGUSR1, value: 2 | 5 << 8)
    #expect(eventually { rig.children.count == 2 })
    rig.master.queue(SIGUSR1, value: 1)
    #expect(eventually { rig.children.count == 1 })
    #expect(rig.stop())
  }
}

@Suite("A pool on TCP", .serialized, .timeLimit(.minutes(3)))
struct TCPTests {
  @Test("serves, scales and reloads as one on a unix socket does")
  func tcp() {
    let rig = PoolRig(workers: "2", port: freePort())
    let load = Load(rig)
    #expect(load.more(500))
    let before = Set(rig.children)
    rig.master.kill(SIGHUP)
    #expect(eventually { rig.children.count == 2 && before.isDisjoint(with: rig.children) })
    rig.master.queue(SIGUSR1, value: 1)
    #expect(eventually { rig.children.count == 1 })
    #expect(load.more(500))
    #expect(load.finish() == [])
    #expect(rig.stop())
  }
}
