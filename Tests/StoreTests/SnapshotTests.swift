import Postgres
import Store
import TestSupport
import Testing
import Wire

@Suite("Snapshots", .serialized)
struct SnapshotTests {
  let connection: Connection
  let settings = TestPostgres.shared.newDatabase()

  init() throws {
    connection = try Connection(settings)
    try Schema.migrate(connection)
  }

  func content(_ length: Int, seed: UInt64) -> [UInt8] {
    var random = SplitMix(seed: seed)
    return (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }

  func write(_ bytes: [UInt8], at sequence: UInt64, pieces: Int = 10_007) throws {
    let writer = try SnapshotWriter(
      symbol: 1, sequence: sequence, epoch: 4, connection: Connection(settings))
    try bytes.withUnsafeBytes { bytes in
      for start in stride(from: 0, to: bytes.count, by: pieces) {
        let end = min(start + pieces, bytes.count)
        try writer.append(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
      }
    }
    try writer.finish(format: 2)
  }

  func read(_ label: SnapshotLabel) throws -> [UInt8] {
    var found: [UInt8] = []
    try Snapshots(symbol: 1, connection: connection).read(label) { found += $0 }
    return found
  }

  func labels(through position: UInt64 = 1000) throws -> [SnapshotLabel] {
    try Snapshots(symbol: 1, connection: connection).labels(through: position)
  }

  @Test("come back byte for byte, whatever their length", arguments: [0, 1, 8064, 8065, 3_000_001])
  func roundTrip(length: Int) throws {
    let bytes = content(length, seed: 1)
    try write(bytes, at: 7)
    let label = try #require(try labels().first)
    #expect(label.length == length)
    #expect(label.sequence == 7)
    #expect(label.epoch == 4)
    #expect(label.format == 2)
    let found = try read(label)
    #expect(found == bytes)
  }

  @Test("written again at the same place replace the old one")
  func again() throws {
    try write(content(50_000, seed: 1), at: 7)
    let second = content(20_000, seed: 2)
    try write(second, at: 7)
    let found = try read(try #require(try labels().first))
    #expect(found == second)
  }

  @Test("that are damaged are found out, and the one before is whole")
  func damaged() throws {
    let first = content(100_000, seed: 1)
    try write(first, at: 10)
    let damages = [
      "update snapshot_parts set bytes = set_byte(bytes, 77, (get_byte(bytes, 77) + 1) % 256)"
        + " where sequence = 20 and part = 3",
      "delete from snapshot_parts where sequence = 20 and part = 3",
      "delete from snapshot_parts where sequence = 20 and part = 12",
      "update snapshot_parts set bytes = substr(bytes, 1, 100) where sequence = 20 and part = 12",
      "update snapshot_parts as a set bytes = b.bytes from snapshot_parts as b where "
        + "a.sequence = 20 and b.sequence = 20 and a.part = 1 and b.part = 2",
    ]
    for damage in damages {
      try write(content(100_000, seed: 2), at: 20)
      try connection.run(damage)
      let labels = try labels()
      #expect(labels.map(\.sequence) == [20, 10])
      #expect(throws: SnapshotError.self) { try read(labels[0]) }
      let found = try read(labels[1])
      #expect(found == first)
    }
  }

  @Test("whose writer gave up leave nothing behind")
  func abandoned() throws {
    do {
      let writer = try SnapshotWriter(
        symbol: 1, sequence: 5, epoch: 1, connection: Connection(settings))
      try content(100_000, seed: 1).withUnsafeBytes { try writer.append($0) }
    }
    #expect(try labels() == [])
    let parts = try connection.query("select count(*) from snapshot_parts").int64(0, 0)
    #expect(parts == 0)
  }

  @Test("are kept as many as asked for, and chosen by what the projection has passed")
  func prune() throws {
    for sequence in [10, 20, 30, 40] as [UInt64] {
      try write(content(20_000, seed: sequence), at: sequence)
    }
    #expect(try labels(through: 29).map(\.sequence) == [20, 10])
    let snapshots = Snapshots(symbol: 1, connection: connection)
    // An engine that has to start while the tables are at 25 needs the one at 20.
    for (position, left) in [(5, [40, 30, 20, 10]), (25, [40, 30, 20])] as [(Int64, [UInt64])] {
      _ = try connection.query(
        """
        insert into projections values (1, $1)
        on conflict (symbol_id) do update set sequence = excluded.sequence
        """, .int64(position))
      try snapshots.prune(keeping: 2)
      #expect(try labels().map(\.sequence) == left)
    }
    try connection.run("update projections set sequence = 45")
    try snapshots.prune(keeping: 2)
    #expect(try labels().map(\.sequence) == [40, 30])
    let parts = try connection.query(
      "select count(distinct sequence) from snapshot_parts"
    ).int64(0, 0)
    #expect(parts == 2)
    let found = try read(try labels()[1])
    #expect(found == content(20_000, seed: 30))
  }

  @Test("let the journal forget whole rows before them, and nothing behind")
  func forget() throws {
    let commands = (1...120).map { number in
      var command = Command(.place)
      command.sequence = UInt64(number)
      return command
    }
    let journal = try Journal(symbol: 1, connection: Connection(settings))
    // Each batch begins a row.
    for start in [0, 40, 80] {
      try commands[start..<start + 40].withUnsafeBufferPointer { batch throws(JournalError) in
        try journal.append(batch, epoch: 1)
      }
    }
    let snapshots = Snapshots(symbol: 1, connection: connection)
    let inTheMiddle = try snapshots.forgetJournal(before: 80)
    #expect(inTheMiddle == 1)
    let atTheEnd = try snapshots.forgetJournal(before: 81)
    #expect(atTheEnd == 1)
    let rest = try JournalReader(symbol: 1, connection: connection).read(from: 81) { _, _ in true }
    #expect(rest == 40)
  }
}
