import Glibc
import SharedMemory
import TestSupport
import Testing

@Suite("Who lives, who died, and what waiting costs", .serialized)
struct LivenessTests {
  let stage = Stage()

  @Test("A dead worker's slot is claimed again and what it had posted is not executed")
  func deadWorker() throws {
    let holder = stage.probe("slot-holder")
    #expect(holder.says("slot 0 position 0"), "\(holder.output)")
    let exchange = try ExchangeSegment.openOrCreate(stage.instance)
    #expect(exchange.liveWorkerSlots() == [0])
    #expect(exchange.scores().map(\.isAlive) == [true])
    holder.kill()
    _ = holder.wait()
    #expect(exchange.liveWorkerSlots() == [])
    #expect(exchange.scores().map(\.isAlive) == [false])
    #expect(try exchange.claimWorkerSlot()?.index == 0)
    let engine = stage.engine()
    #expect(try eventually { try stage.symbol().ring.depth == 0 })
    #expect(engine.isRunning)
    #expect(stage.journal().isEmpty)
  }

  @Test("An engine's death frees its symbol at once")
  func deadEngine() throws {
    let engine = stage.engine()
    #expect(engine.says("epoch 1"))
    let symbol = try stage.symbol()
    #expect(try symbol.engineLock() == nil)
    #expect(symbol.isEngineAlive)
    engine.kill()
    _ = engine.wait()
    #expect(!symbol.isEngineAlive)
    #expect(try symbol.engineLock()?.epoch == 2)
  }

  @Test("Of processes that create at once all get the same segment")
  func creationRace() throws {
    for _ in 0..<10 {
      let creators = (0..<6).map { _ in stage.probe("create") }
      for creator in creators { #expect(creator.wait() == .code(0)) }
      #expect(Set(creators.map(\.output)).count == 1)
      #expect(stage.instance.removeAll() == 1)
    }
  }

  @Test("A creator that was killed half-way is taken over; one that lives is waited for")
  func deadCreator() throws {
    let dead = stage.probe("creator-that-dies")
    #expect(dead.wait() == .signal(SIGKILL))
    #expect(stage.instance.list().count == 1)
    #expect(try stage.symbol().ring.push(MailboxReference(rawValue: 1)) == 0)
    stage.instance.removeAll()

    let slow = stage.probe("creator-that-dies", "lives")
    #expect(slow.says("ready"))
    let waiting = stage.probe("create")
    #expect(!eventually(within: 0.05) { !waiting.isRunning })
    slow.kill()
    #expect(waiting.wait() == .code(0), "\(waiting.output)")
  }

  @Test("Processes in different PID namespaces work together")
  func namespaces() throws {
    let attempt = ChildProcess.run("unshare", ["--pid", "--fork", "true"])
    guard attempt.exit == .code(0) else {
      print("skipped: unshare is not permitted here: \(attempt.output)")
      return
    }
    let program = Products.path(of: "shared-memory-probe")
    let name = "instance=\(stage.instance.name)"
    let apart = ["--pid", "--fork", "--kill-child"]
    let engine = ChildProcess(
      "unshare", apart + [program, "engine", name, "journal=\(stage.journalPath)"])
    #expect(engine.says("epoch 1"))
    #expect(try stage.symbol().isEngineAlive)
    let writers = (1...2).map {
      ChildProcess(
        "unshare", apart + [program, "writer", name, "account=\($0)", "count=50000", "in-flight=9"])
    }
    for writer in writers { #expect(writer.wait() == .code(0), "\(writer.output)") }
    for account in UInt64(1)...2 { #expect(isWhole(stage.journal()[account], 50_000)) }
    engine.kill()
    _ = engine.wait()
    #expect(try eventually { try !stage.symbol().isEngineAlive })
  }

  @Test("An engine and a worker that wait use no CPU")
  func idle() throws {
    let sleeper = stage.probe("sleeper")
    #expect(sleeper.wait() == .code(0))
    let micros = Int(sleeper.output.split(separator: "\n").first ?? "") ?? Int.max
    #expect(micros < 5000, "\(micros) µs of CPU in a second of waiting")
  }

  @Test("An idle exchange with its symbols takes little memory and no time to make")
  func footprint() throws {
    let start = threadProcessorSeconds()
    _ = try ExchangeSegment.openOrCreate(stage.instance).claimWorkerSlot()
    _ = try stage.symbol()
    #expect(threadProcessorSeconds() - start < 0.1)
    let pages = stage.instance.list().map { name -> Int in
      var status = stat()
      #expect(stat("/dev/shm\(name)", &status) == 0)
      return Int(status.st_blocks) * 512
    }
    #expect(pages.reduce(0, +) < 450_000, "\(pages)")
  }

  @Test("A full /dev/shm means no mailbox, not a signal")
  func fullMemory() throws {
    let script = """
      mount -t tmpfs -o size=2m tmpfs /dev/shm &&
      exec '\(Products.path(of: "shared-memory-probe"))' mailbox-hoarder instance=x
      """
    let attempt = ChildProcess.run("unshare", ["--mount", "true"])
    guard attempt.exit == .code(0) else {
      print("skipped: unshare is not permitted here: \(attempt.output)")
      return
    }
    let run = ChildProcess.run("unshare", ["--mount", "sh", "-c", script])
    #expect(run.exit == .code(0), "\(run.output)")
    #expect(run.output == "3\n")
  }
}
