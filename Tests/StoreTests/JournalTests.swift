import Foundation
import Postgres
import Store
import Synchronization
import TestSupport
import Testing
import Wire

/// Commands with consecutive sequences whose bytes differ.
func commands(_ sequences: ClosedRange<UInt64>, account: UInt64 = 1) -> [Command] {
  sequences.map { sequence in
    var command = Command(.place, account: account)
    command.sequence = sequence
    command.time = Int64(sequence) * 10
    command.terms.price = Int64(sequence % 1000)
    return command
  }
}

/// How a thread's work ended, once it has.
final class Finished: Sendable {
  let result = Mutex<Result<Void, any Error>?>(nil)
}

@Suite("The journal", .serialized)
struct JournalTests {
  let settings = TestPostgres.shared.newDatabase()

  init() throws { try Schema.migrate(Connection(settings)) }

  func journal() throws -> Journal { try Journal(symbol: 1, connection: Connection(settings)) }

  func append(_ batch: [Command], to journal: Journal, epoch: UInt64) throws(JournalError) {
    try batch.withUnsafeBufferPointer { (batch) throws(JournalError) in
      try journal.append(batch, epoch: epoch)
    }
  }

  func readAll(from: UInt64 = 1, through: UInt64? = nil) throws -> [UInt64] {
    var found: [UInt64] = []
    try JournalReader(symbol: 1, connection: Connection(settings))
      .read(from: from, through: through) { run, _ in
        found += run.map(\.sequence)
        #expect(run.allSatisfy { $0.time == Int64($0.sequence) * 10 })
        return true
      }
    return found
  }

  @Test("gives back what was appended, from any place to any other")
  func roundTrip() throws {
    let journal = try journal()
    #expect(try journal.head() == Journal.Head(sequence: 0, epoch: 0))
    var next: UInt64 = 1
    for size in [1, 39, 40, 41, 80, 81, 1, 200, 499, 500, 501, 1001] as [UInt64] {
      try append(commands(next...(next + size - 1)), to: journal, epoch: 3)
      next += size
    }
    let last = next - 1
    #expect(try journal.head() == Journal.Head(sequence: last, epoch: 3))
    #expect(try readAll() == Array(1...last))
    for from in [1, 2, 40, 41, 42, 81, 100, 1300, last] as [UInt64] {
      #expect(try readAll(from: from) == Array(from...last))
      #expect(try readAll(from: from, through: from + 10) == Array(from...min(from + 10, last)))
    }
    #expect(try readAll(from: last + 1) == [])
  }

  @Test("lets only one of two engines write the same place")
  func fence() throws {
    let first = try journal()
    let second = try journal()
    try append(commands(1...50), to: first, epoch: 1)
    // The second epoch is the same as the first one's: its bytes are not.
    for epoch in [2, 1] as [UInt64] {
      let error = #expect(throws: JournalError.self) {
        try append(commands(1...60, account: 2), to: second, epoch: epoch)
      }
      guard case .fenced(epoch: 1) = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
    }
    #expect(try readAll() == Array(1...50))
    try append(commands(51...52), to: second, epoch: 2)
    #expect(try readAll() == Array(1...52))
  }

  @Test("stores nothing of a batch that meets another engine's row half-way")
  func allOrNothing() throws {
    let first = try journal()
    let second = try journal()
    try append(commands(501...510), to: first, epoch: 1)
    #expect(throws: JournalError.self) {
      try append(commands(1...700), to: second, epoch: 2)
    }
    #expect(try first.resolve(sequence: 1, epoch: 2) == .absent)
  }

  @Test("finds out by sequence what became of a commit whose connection was cut")
  func unknownOutcome() throws {
    // Each round cuts the connection at another moment of the commit.
    let killer = try Connection(settings)
    var next: UInt64 = 1
    var outcomes: [Journal.Outcome: Int] = [:]
    for round in 0..<60 {
      let connection = try Connection(settings)
      let journal = try Journal(symbol: 1, connection: connection)
      var batch = commands(next...(next + 2000))
      // So many rows that the cut meets some commits half-way.
      for index in batch.indices { batch[index].setKey(Array(UUID().uuidString.utf8)) }
      var lost = false
      try batch.withUnsafeBufferPointer { batch in
        try journal.send(batch, epoch: 1)
        pause(microseconds: round * 60)
        _ = try killer.query("select pg_terminate_backend($1)", .int32(connection.backendID))
        do throws(JournalError) { try journal.awaitCommit() } catch {
          guard case .outcomeUnknown = error else { throw error }
          lost = true
        }
      }
      let fresh = try self.journal()
      let outcome = try fresh.resolve(sequence: next, epoch: 1)
      if lost { outcomes[outcome, default: 0] += 1 } else { #expect(outcome == .committed) }
      #expect(try fresh.resolve(sequence: next, epoch: 2) != .committed)
      // Sending the same batch again is safe whatever happened.
      try append(batch, to: fresh, epoch: 1)
      next += 2001
    }
    #expect(try readAll() == Array(1...(next - 1)))
    #expect(outcomes[.absent] != nil, "no round cut the connection before the commit")
  }

  @Test("waits for the old session's commit when the same batch is sent again meanwhile")
  func slowCommit() throws {
    let settings = settings
    let old = try Connection(settings)
    let batch = commands(1...3)
    // The old session has written and not yet committed, as one that lost its client.
    try old.run("begin")
    let row = UnsafeMutableRawBufferPointer.allocate(byteCount: Journal.rowLength, alignment: 8)
    defer { row.deallocate() }
    let packed = batch.withUnsafeBufferPointer { CommandPacking.pack($0, into: row) }
    let records = UnsafeRawBufferPointer(rebasing: row[..<packed.length])
    let parameters = Parameters()
    parameters.add(bytes: records)
    parameters.add(Journal.checksum(of: records, symbol: 1, sequence: 1, last: 3, epoch: 7))
    _ = try old.query("insert into journal values (1, 3, 7, 10, 1, 3, $1, $2)", parameters)
    let outcome = try journal().resolve(sequence: 1, epoch: 7)
    #expect(outcome == .absent)
    // A thread of its own: the pool's may all be busy with other tests.
    let second = Finished()
    Thread {
      let done = Result {
        let journal = try Journal(symbol: 1, connection: Connection(settings))
        try batch.withUnsafeBufferPointer { try journal.append($0, epoch: 7) }
      }
      second.result.withLock { $0 = done }
    }.start()
    let observer = try Connection(settings)
    let waits = try eventually {
      try observer.query(
        """
        select 1 from pg_stat_activity where wait_event_type = 'Lock'
          and datname = current_database() and query like '%journal%'
        """
      ).count == 1
    }
    #expect(waits)
    try old.run("commit")
    let ended = eventually { second.result.withLock { $0 != nil } }
    #expect(ended)
    try second.result.withLock { try $0?.get() }
    #expect(try readAll() == [1, 2, 3])
  }

  @Test("reports a gap instead of reading over it")
  func gap() throws {
    let journal = try journal()
    try append(commands(1...10), to: journal, epoch: 1)
    try append(commands(12...20), to: journal, epoch: 1)
    let error = #expect(throws: JournalError.self) { try readAll() }
    guard case .gap(expected: 11, found: 12) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("names the row in which a single bit was flipped")
  func damaged() throws {
    let journal = try journal()
    for batch in [1...40, 41...80, 81...100] as [ClosedRange<UInt64>] {
      try append(commands(batch), to: journal, epoch: 1)
    }
    let connection = try Connection(settings)
    let length = try connection.query("select length(records) from journal where sequence = 41")
      .int64(0, 0)
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SplitMix(seed: seed)
    for _ in 0..<40 {
      let byte = Int.random(in: 0..<Int(length), using: &random)
      let bit = Int.random(in: 0..<8, using: &random)
      let flip = """
        update journal set records = set_byte(
          records, \(byte), get_byte(records, \(byte)) # \(1 << bit)) where sequence = 41
        """
      try connection.run(flip)
      try expectDamage(at: 41, "seed \(seed): byte \(byte) bit \(bit)")
      try connection.run(flip)
    }
    try connection.run("update journal set epoch = 3 where sequence = 81")
    try expectDamage(at: 81, "epoch")
    try connection.run("update journal set epoch = 1, checksum = null where sequence = 81")
    try expectDamage(at: 81, "without its checksum")
    #expect(try readAll(through: 80) == Array(1...80))
  }

  private func expectDamage(at sequence: UInt64, _ what: String) throws {
    let error = #expect(throws: JournalError.self, "\(what)") { try readAll() }
    guard case .damaged(symbol: 1, sequence: sequence) = error else {
      Issue.record("\(what): \(String(describing: error))")
      return
    }
  }

  /// Counted in processor time of both ends, which overlap: other tests that run at the same time
  /// do not count.
  @Test("reads a million commands in under two seconds")
  func million() throws {
    let journal = try journal()
    for start in stride(from: UInt64(1), to: 1_000_000, by: 4000) {
      try append(commands(start...(start + 3999)), to: journal, epoch: 1)
    }
    let connection = try Connection(settings)
    let server = connection.backendID
    let before = threadProcessorSeconds() + processorSeconds(of: server)
    var sum: UInt64 = 0
    let count = try JournalReader(symbol: 1, connection: connection).read { run, _ in
      for command in run { sum &+= command.sequence }
      return true
    }
    let seconds = threadProcessorSeconds() + processorSeconds(of: server) - before
    #expect(count == 1_000_000)
    #expect(sum == 500_000_500_000)
    #expect(seconds < 2, "took \(seconds) s")
  }
}
