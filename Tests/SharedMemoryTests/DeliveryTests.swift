import Glibc
import SharedMemory
import TestSupport
import Testing

@Suite("Delivery between processes that get killed", .serialized)
struct DeliveryTests {
  let stage = Stage()

  @Test("Two million commands of four writers arrive once each and in each writer's order")
  func twoMillion() throws {
    let engine = stage.engine()
    #expect(engine.says("epoch 1"))
    let writers = [(1, 1000, 8), (2, 1000, 2), (3, 16, 256), (4, 1, 200)].map {
      stage.probe(
        "writer", "account=\($0.0)", "batch=\($0.1)", "in-flight=\($0.2)", "count=500000")
    }
    for writer in writers { #expect(writer.wait(within: 60) == .code(0), "\(writer.output)") }
    let journal = stage.journal()
    for account in UInt64(1)...4 { #expect(isWhole(journal[account], 500_000)) }
    #expect(engine.isRunning, "\(engine.output)")
  }

  @Test(
    "A writer killed at any step of a push loses at most that request and delays nobody",
    arguments: [("posted", [99]), ("published", [99, 100]), ("pushed", [100])])
  func killedWriter(point: String, arriving: [Int]) throws {
    let engine = stage.engine()
    #expect(engine.says("epoch 1"))
    let dying = stage.probe(
      "writer", "account=1", "count=1000", "kill=\(point):100")
    #expect(dying.wait() == .signal(SIGKILL))
    // What was rung for is taken; what was not waits for the next writer, or goes with the slot.
    if point == "pushed" { #expect(try eventually { try stage.symbol().ring.depth == 0 }) }
    let strain = Strain()
    defer { strain.stop() }
    let started = monotonicSeconds()
    let next = stage.probe("writer", "account=2", "count=5000", "in-flight=8")
    #expect(next.wait() == .code(0), "\(next.output)")
    #expect(monotonicSeconds() - started < strain.allowance(2))
    let journal = stage.journal()
    #expect(isWhole(journal[2], 5000))
    let count = journal[1]?.count ?? 0
    #expect(arriving.contains(count) && isWhole(journal[1], count), "\(count)")
    #expect(try eventually { try stage.symbol().ring.depth == 0 })
  }

  @Test("Writers killed at random moments lose nothing of the others and stop nobody")
  func randomKills() throws {
    let engine = stage.engine()
    let steady = stage.probe("writer", "account=1", "count=400000", "in-flight=20")
    for account in 2...12 {
      let victim = stage.probe("writer", "account=\(account)", "count=100000000", "in-flight=50")
      #expect(victim.says("ready"))
      stage.waitForGrowth(ofAtMost: 60_000) { false }
      victim.kill()
      _ = victim.wait()
    }
    #expect(steady.wait() == .code(0), "\(steady.output)")
    #expect(engine.isRunning, "\(engine.output)")
    let journal = stage.journal()
    #expect(isWhole(journal[1], 400_000))
    for account in UInt64(2)...12 {
      let numbers = journal[account] ?? []
      #expect(isWhole(numbers, numbers.count))
    }
  }

  @Test(
    "An engine killed at any step is followed by one that goes on where it was",
    arguments: [
      "copying", "taken", "committed", "writing", "replied", "rung", "releasing",
    ])
  func killedEngine(point: String) throws {
    let writers = (1...3).map {
      stage.probe(
        "writer", "account=\($0)", "count=20000", "in-flight=\($0 * 10)",
        "batch=\($0 == 3 ? 7 : 1)")
    }
    for round in 1...5 {
      let engine = stage.engine("kill=\(point):\(20 * round)")
      #expect(engine.wait() == .signal(SIGKILL), "\(engine.output)")
    }
    let last = stage.engine()
    for writer in writers { #expect(writer.wait() == .code(0), "\(writer.output)") }
    #expect(last.isRunning, "\(last.output)")
    #expect(last.output.contains("epoch 6"))
    let journal = stage.journal()
    for account in UInt64(1)...3 { #expect(isWhole(journal[account], 20_000)) }
    #expect(try eventually { try stage.symbol().ring.depth == 0 })
  }

  @Test("Engines killed at random moments lose nothing and answer everybody")
  func randomEngineKills() throws {
    let writers = (1...4).map {
      stage.probe("writer", "account=\($0)", "count=300000", "in-flight=40", "batch=\($0)")
    }
    while writers.contains(where: \.isRunning) {
      let engine = stage.engine()
      #expect(engine.says("epoch"))
      stage.waitForGrowth(ofAtMost: 60_000) { !writers.contains(where: \.isRunning) }
      engine.kill()
      #expect(engine.wait() == .signal(SIGKILL), "\(engine.output)")
    }
    for writer in writers { #expect(writer.status == .code(0), "\(writer.output)") }
    let journal = stage.journal()
    for account in UInt64(1)...4 { #expect(isWhole(journal[account], 300_000)) }
  }

  @Test("A full ring holds writers back and goes on when an engine comes")
  func fullRing() throws {
    let symbol = try stage.symbol()
    while symbol.ring.push(MailboxReference(rawValue: 1)) != nil {}
    let writer = stage.probe("writer", "account=1", "count=1000", "in-flight=100")
    #expect(writer.says("ready"))
    let engine = stage.engine()
    #expect(writer.wait() == .code(0), "\(writer.output)")
    #expect(isWhole(stage.journal()[1], 1000))
    #expect(engine.isRunning)
  }
}
