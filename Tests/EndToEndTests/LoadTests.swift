import Foundation
import Load
import Postgres
import SharedMemory
import TestSupport
import Testing

@Suite("A load on the whole stack", .serialized)
struct LoadTests {
  /// A machine that stands still for a moment refuses what piles up meanwhile, and leaves out kinds
  /// of requests: then another try says more.
  private func load(_ exchange: Exchange, _ words: [String]) -> (status: Int32, output: String) {
    for _ in 0..<6 {
      let strain = Strain()
      let run = exchange.outcry(words)
      strain.stop()
      if run.status == 0 || strain.allowance(0.1) < 0.6 { return run }
    }
    return exchange.outcry(words)
  }

  @Test("runs green, is verified, judged by its expectations and merged")
  func profiles() throws {
    let exchange = try Exchange()
    let folder = TemporaryFolder("load")
    for (profile, options) in [
      ("exchange", ["--rate", "300", "--symbols", "all"]), ("clients", ["--accounts", "4"]),
      ("burst", ["--rate", "20"]), ("batch", ["--clients", "2", "--batch", "100"]),
      ("mixed", ["--rate", "300"]), ("book", ["--clients", "4"]),
    ] {
      let run = load(
        exchange,
        ["load", profile, "--seconds", "2", "--verify", "--output", folder.file(profile)]
          + ["--expect", "errors=0,requests>10,p50<1s"] + options)
      #expect(run.status == 0, "\(profile): \(run.output)")
      #expect(run.output.contains("exactly once"), "\(run.output)")
      let result = try #require(LoadResult(try JSON(parsing: readFile(folder.file(profile)))))
      #expect(result.verification?.acknowledged ?? 0 >= result.orders)
      #expect(profile == "book" || result.orders > 10)
      // Each kind of request was made.
      let kinds = try #require(Plan.named(profile)).mix.map(\.operation.name)
      #expect(Set(kinds) == Set(result.operations.keys), "\(result.operations.keys)")
    }
    let second = exchange.outcry(
      [
        "load", "exchange", "--rate", "100", "--seconds", "1", "--output", folder.file("second"),
        "--expect", "p50<1us,errors=0",
      ])
    #expect(second.status == 2, "\(second.output)")
    #expect(second.output.contains("MISSED  p50<1us"))
    let merged = exchange.outcry(
      ["load", "merge", folder.file("exchange"), folder.file("second"), "--expect", "requests=700"])
    #expect(merged.status == 0, "\(merged.output)")
  }

  @Test("that cannot run says so in its exit status")
  func failures() throws {
    let exchange = try Exchange()
    let gone = exchange.outcry("load", "exchange", "--url", "http://127.0.0.1:\(freePort())")
    #expect(gone.status == 1, "\(gone.output)")
    #expect(exchange.outcry("load", "nothing").status == 64)
    #expect(exchange.outcry("load", "exchange", "--expect", "p99<20").status == 64)
    #expect(exchange.outcry("load", "exchange", "--symbols", "NO-SUCH").status == 1)
  }

  /// How the kernel chooses when threads of that name run.
  private func policies(of thread: String, in process: pid_t) -> [String] {
    let folder = "/proc/\(process)/task"
    let tasks = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return tasks.compactMap { task -> String? in
      guard readFile("\(folder)/\(task)/comm") == thread + "\n", let id = pid_t(task) else {
        return nil
      }
      return sched_getscheduler(id) == 3 ? "batch" : "\(sched_getscheduler(id))"
    }
  }

  @Test("of 600 clients who all wait for one engine is answered when it goes on")
  func crowd() throws {
    let exchange = try Exchange(environment: ["OUTCRY_ACCOUNT_RATE": "0"])
    var plan = try #require(Plan.named("orders"))
    plan.seconds = 6
    plan.clients = 600
    let target = try Target(url: "http://127.0.0.1:\(exchange.port)")
    let engine = try #require(try exchange.living(.engine, symbol: 1).first)
    let symbol = try #require(
      try SymbolSegment.open(Instance(name: exchange.instance), symbolName: "BTC-USD", id: 1))
    var hasPaused = false
    let outcome = try LoadRun(plan, target: target).run(
      LoadRun.Watcher(
        progress: { _, _ in
          guard !hasPaused else { return }
          kill(engine, SIGSTOP)
          defer { kill(engine, SIGCONT) }
          hasPaused = eventually(within: 3) { symbol.ring.depth >= 600 }
        }, note: { _ in }, wait: { pause(microseconds: 1000 * Int($0)) }, isStopped: { false }))
    #expect(hasPaused, "all clients never waited at once")
    for (role, thread) in [(Role.engine, "engine"), (.worker, "intake"), (.worker, "completion")] {
      let found = try exchange.living(role).flatMap { policies(of: thread, in: $0) }
      #expect(Set(found) == ["batch"], "\(thread) does not wait for its turn: \(found)")
    }
    let result = outcome.result
    #expect(result.errors.total + result.refused.total == 0, "\(result.errors) \(result.refused)")
    #expect(result.requests > 600)
  }

  @Test("notices orders that the database lost, changed, doubled or should not have")
  func verification() throws {
    let exchange = try Exchange()
    var plan = try #require(Plan.named("orders"))
    plan.seconds = 3
    plan.clients = 4
    plan.keepsRecord = true
    let target = try Target(url: "http://127.0.0.1:\(exchange.port)")
    let outcome = try LoadRun(plan, target: target).run(
      LoadRun.Watcher(
        progress: { _, _ in }, note: { _ in }, wait: { pause(microseconds: 1000 * Int($0)) },
        isStopped: { false }))
    let record = outcome.record
    try #require(record.entries.count > 20)
    let right = try OrderVerification(record, databases: [exchange.database])
    #expect(right.isRight && right.acknowledged == UInt64(record.entries.count), "\(right)")

    var wrong = record
    wrong.entries[0].number += 1 << 40
    wrong.entries[1].fate = .acknowledged(id: 1)
    wrong.entries[2].fate = .refused
    wrong.entries[3].fate = .unknown
    wrong.entries[4].fate = wrong.entries[5].fate
    let found = try OrderVerification(wrong, databases: [exchange.database])
    #expect(found.missing == 1 && found.refusedButThere == 1, "\(found)")
    #expect(found.different == 2 && found.doubled == 1, "\(found)")
    #expect(found.unknown == 1 && found.unknownButThere == 1)
    #expect(!found.isRight)

    let key = record.key(record.entries[9])
    let connection = try Connection(exchange.database)
    try connection.run("delete from orders where client_order_id = '\(key)'")
    let damaged = try OrderVerification(record, databases: [exchange.database])
    #expect(damaged.missing == 1 && damaged.examples.first?.contains(key) == true, "\(damaged)")
  }
}
