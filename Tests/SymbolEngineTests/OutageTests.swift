import Foundation
import Glibc
import Postgres
import SharedMemory
import Store
import TestSupport
import Testing

@Suite("An engine whose database fails", .serialized)
struct OutageTests {
  /// The keys of all orders in the journal, each as often as it is there.
  private func journalledKeys(_ harness: EngineHarness) throws -> [String] {
    var keys: [String] = []
    try JournalReader(symbol: 1, connection: try harness.connect()).read { commands, _ in
      for command in commands where command.kind == CommandKind.place.rawValue {
        keys.append(command.withKey { String(decoding: $0, as: UTF8.self) })
      }
      return true
    }
    return keys
  }

  @Test("does not run later what its worker was told is not done, and goes on by itself")
  func away() throws {
    let postgres = TestPostgres()
    let harness = try EngineHarness(postgres: postgres)
    try harness.start()
    let segment = try harness.segment()
    _ = try harness.ask(limit(.buy, 1, at: 10, key: "before"), of: segment)
    postgres.stop(.fast)
    // The first is with the engine when it notices; those behind it stay in the ring.
    var outcomes: [String: Outcome] = [:]
    for number in 0..<4 {
      let key = "away\(number)"
      outcomes[key] = try harness.ask([limit(.buy, 1, at: 10, key: key)], of: segment, within: 0.3)
    }
    #expect(outcomes.values.contains(.nothingDone))
    postgres.start()
    let after = try harness.ask(limit(.buy, 1, at: 10, key: "after"), of: segment)
    #expect(after.refusal == nil)
    let keys = try journalledKeys(harness)
    #expect(Set(keys).count == keys.count)
    #expect(keys.contains("before"))
    #expect(keys.contains("after"))
    for (key, outcome) in outcomes where outcome == .nothingDone { #expect(!keys.contains(key)) }
  }

  @Test("finds out what became of a commit whose connection was cut, every time")
  func cutConnections() throws {
    let harness = try EngineHarness()
    try harness.start()
    let segment = try harness.segment()
    let administrator = try harness.connect()
    var answered: [String] = []
    for round in 0..<40 {
      let pending = try (0..<8).map { index in
        try harness.post([limit(.buy, 1, at: 10, key: "r\(round)-\(index)")], to: segment)
      }
      _ = try administrator.query(
        """
        select pg_terminate_backend(pid) from pg_stat_activity
        where application_name like 'outcry-engine%' and datname = current_database()
        """)
      for (index, request) in pending.enumerated() {
        let outcome = harness.finish(request)
        guard case .answered(let replies) = outcome, replies.first?.refusal == nil else {
          Issue.record("round \(round): \(outcome)")
          return
        }
        answered.append("r\(round)-\(index)")
      }
    }
    #expect(try journalledKeys(harness).sorted() == answered.sorted())
    #expect(harness.engine?.isRunning == true)
  }

  @Test("waits while the journal's disk is full and loses nothing")
  func diskFull() throws {
    let small = TemporaryFolder("full")
    let mounted = ChildProcess.run("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", small.path])
    guard mounted.exit == .code(0) else {
      print("skipped: no permission to mount a small file system (\(mounted.output))")
      return
    }
    let unmount = Janitor(command: "umount -l '\(small.path)'")
    defer {
      withExtendedLifetime(unmount) {}
      _ = ChildProcess.run("umount", ["-l", small.path])
    }
    _ = ChildProcess.run("chown", ["postgres", small.path])
    let harness = try EngineHarness(postgres: TestPostgres())
    try harness.start()
    let segment = try harness.segment()
    _ = try harness.ask(limit(.buy, 1, at: 10, key: "first"), of: segment)
    let connection = try harness.connect()
    try connection.run("create tablespace small location '\(small.path)'")
    try connection.run("alter table journal set tablespace small")

    let filled = ChildProcess.run(
      "dd", ["if=/dev/zero", "of=\(small.file("filler"))", "bs=64k"], within: 20)
    #expect(filled.output.contains("No space left"))
    var keys = ["first"]
    var waiting: [Pending] = []
    // More than what is left of the pages that the journal has already.
    for _ in 0..<4 {
      // Keys that take as much room in the journal as they are long.
      let names = (0..<200).map { _ in UUID().uuidString }
      let orders = names.map { limit(.buy, 1, at: 10, key: $0) }
      keys += names
      waiting.append(try harness.post(orders, to: segment))
    }
    #expect(eventually { harness.engine!.output.contains("out of reach") })
    #expect(!waiting[3].mailbox.isAnswered)
    unlink(small.file("filler"))
    for request in waiting {
      guard case .answered(let replies) = harness.finish(request) else {
        Issue.record("no answer after there was room again")
        return
      }
      #expect(replies.allSatisfy { $0.refusal == nil })
    }
    #expect(try journalledKeys(harness).sorted() == keys.sorted())
    try connection.run("alter table journal set tablespace pg_default")
  }
}
