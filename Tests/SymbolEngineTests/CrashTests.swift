import Glibc
import Postgres
import SharedMemory
import Store
import TestSupport
import Testing

@Suite("An engine that dies", .serialized)
struct CrashTests {
  @Test("is followed by one that answers the requests left in the ring, each once")
  func successor() throws {
    let harness = try EngineHarness()
    let engine = try harness.start()
    let segment = try harness.segment()
    _ = try harness.ask(limit(.buy, 1, at: 10, key: "first"), of: segment)
    engine.kill(SIGSTOP)
    let pending = try (0..<50).map {
      try harness.post([limit(.buy, 1, at: 20 + Int64($0), key: "k\($0)")], to: segment)
    }
    engine.kill(SIGKILL)
    try harness.start()
    for request in pending {
      guard case .answered(let replies) = harness.finish(request) else {
        Issue.record("a request was lost")
        return
      }
      #expect(replies.first?.refusal == nil)
    }
    #expect(segment.board.summary()?.open_orders == 51)
    try expectJournalIsWhole(harness, accepted: 51)
  }

  @Test("under load, again and again, loses nothing that it answered and does nothing twice")
  func killedUnderLoad() throws {
    let harness = try EngineHarness()
    try harness.start()
    let segment = try harness.segment()
    var answered: [UInt64] = []
    var number = 0
    for round in 0..<6 {
      var pending: [Pending] = []
      for _ in 0..<100 {
        number += 1
        let order = limit(.buy, 1, at: Int64(1 + number % 500), key: "n\(number)")
        pending.append(try harness.post([order], to: segment))
      }
      // At a different moment each time: right away, or after some answers.
      if round % 2 == 1 { _ = eventually { pending[round * 10].mailbox.isAnswered } }
      harness.engine?.kill(SIGKILL)
      try harness.start()
      for request in pending {
        guard case .answered(let replies) = harness.finish(request) else {
          Issue.record("a request was lost in round \(round)")
          return
        }
        answered.append(replies[0].order)
      }
    }
    #expect(answered.count == number)
    #expect(Set(answered).count == number)
    #expect(segment.board.summary()?.open_orders == UInt64(number))
    try expectJournalIsWhole(harness, accepted: number)
  }

  @Test("a second engine on the same host waits, then says who has the symbol")
  func twoOnOneHost() throws {
    let harness = try EngineHarness()
    let first = try harness.start()
    let segment = try harness.segment()
    _ = try harness.ask(limit(.buy, 1, at: 10), of: segment)
    let second = try harness.start()
    #expect(second.wait() == .code(75))
    #expect(second.output.contains("another engine on this host holds the symbol"))
    #expect(first.isRunning)
    _ = try harness.ask(limit(.buy, 1, at: 10), of: segment)
    first.kill()
  }

  @Test("an engine that lost the journal to another host ends before it tells anybody anything")
  func fencing() throws {
    let harness = try EngineHarness()
    let old = try harness.start()
    let segment = try harness.segment()
    _ = try harness.ask(limit(.buy, 1, at: 10), of: segment)
    // Another host: the same database, memory of its own.
    let elsewhere = try EngineHarness(database: harness.database)
    try elsewhere.start()
    let far = try elsewhere.segment()
    let winner = try elsewhere.ask(limit(.buy, 1, at: 11), of: far)
    #expect(winner.refusal == nil)

    let outcome = try harness.ask([limit(.buy, 1, at: 12)], of: segment, within: 2)
    #expect(outcome == .unknown)
    #expect(old.wait() == .code(70))
    #expect(old.output.contains("fenced off"))
    #expect(far.board.summary()?.open_orders == 2)
  }

  @Test("goes on by itself after PostgreSQL was restarted under it")
  func databaseRestart() throws {
    let postgres = TestPostgres()
    let harness = try EngineHarness(postgres: postgres)
    try harness.start()
    let segment = try harness.segment()
    for (round, how) in [TestPostgres.Stop.fast, .immediate, .kill].enumerated() {
      _ = try harness.ask(limit(.buy, 1, at: 10, key: "before\(round)"), of: segment)
      postgres.stop(how)
      let waiting = try harness.post([limit(.buy, 1, at: 11, key: "in\(round)")], to: segment)
      postgres.start()
      guard case .answered(let replies) = harness.finish(waiting) else {
        Issue.record("no answer after \(how)")
        return
      }
      #expect(replies.first?.refusal == nil)
    }
    #expect(harness.engine?.isRunning == true)
    try expectJournalIsWhole(harness, accepted: 6)
  }

  @Test("is not followed by one that trades on from a damaged journal")
  func damagedJournal() throws {
    let harness = try EngineHarness()
    try harness.start()
    let segment = try harness.segment()
    for price in 1...5 as ClosedRange<Int64> {
      _ = try harness.ask(limit(.buy, 1, at: price), of: segment)
    }
    harness.engine?.kill()
    _ = harness.engine?.wait()
    let connection = try harness.connect()
    let row = try connection.query("select max(sequence) from journal where symbol_id = 1")
      .int64(0, 0)
    let flip = """
      update journal set records = set_byte(records, 6, get_byte(records, 6) # 1)
      where symbol_id = 1 and sequence = \(row)
      """
    try connection.run(flip)
    let next = try harness.start()
    #expect(next.wait() == .code(1))
    #expect(next.output.contains("the journal's row at \(row) of symbol 1 is damaged"))
    try connection.run(flip)
    try harness.start()
    _ = try harness.ask(limit(.buy, 1, at: 6), of: segment)
    #expect(segment.board.summary()?.open_orders == 6)
  }

  /// The journal, read by itself, has no gap and holds this many placed orders.
  private func expectJournalIsWhole(_ harness: EngineHarness, accepted: Int) throws {
    var placed = 0
    try JournalReader(symbol: 1, connection: try harness.connect()).read { commands, _ in
      placed += commands.count { $0.kind == CommandKind.place.rawValue }
      return true
    }
    #expect(placed == accepted)
  }
}
