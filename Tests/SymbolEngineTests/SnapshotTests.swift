import Glibc
import Postgres
import SharedMemory
import Store
import TestSupport
import Testing

@Suite("An engine's snapshots", .serialized)
struct SnapshotTests {
  private static let every = 1000

  /// Places orders until the engine has stored a snapshot at least this far, beside its work.
  private func trade(_ harness: EngineHarness, until sequence: UInt64) throws {
    let segment = try harness.segment()
    let snapshots = Snapshots(symbol: 1, connection: try harness.connect())
    var number = 0
    let isThere = try eventually {
      let orders = (0..<100).map { _ in
        number += 1
        return limit(number % 3 == 0 ? .sell : .buy, 2, at: Int64(100 + number * 7 % 50))
      }
      _ = try harness.ask(orders, of: segment)
      return try snapshots.labels().first.map { $0.sequence >= sequence } ?? false
    }
    #expect(isThere)
    // A snapshot that is ahead of the tables is of no use to the next engine.
    let newest = try snapshots.labels().first?.sequence ?? 0
    #expect(eventually { segment.projectedSequence >= newest })
  }

  private func startWithSnapshots(_ harness: EngineHarness) throws -> ChildProcess {
    try harness.start(environment: ["OUTCRY_SNAPSHOT_EVERY": "\(SnapshotTests.every)"])
  }

  @Test("are stored beside its work, and the next engine goes on from the newest")
  func newest() throws {
    let harness = try EngineHarness()
    _ = try startWithSnapshots(harness)
    try trade(harness, until: 3000)
    let segment = try harness.segment()
    let before = try harness.ask(limit(.buy, 1, at: 1, key: "k"), of: segment)
    let board = try #require(segment.board.summary())
    harness.engine?.kill()
    let next = try startWithSnapshots(harness)
    let again = try harness.ask(limit(.buy, 1, at: 1, key: "k"), of: segment)
    #expect(again.isDuplicate)
    #expect(again.order == before.order)
    #expect(segment.board.summary()?.open_orders == board.open_orders)
    #expect(segment.board.summary()?.best_bid_quantity == board.best_bid_quantity)
    #expect(!next.output.contains("\"snapshot\":0,"))
  }

  @Test("that are damaged are passed over for the one before")
  func damaged() throws {
    let harness = try EngineHarness()
    _ = try startWithSnapshots(harness)
    try trade(harness, until: 3000)
    let segment = try harness.segment()
    let board = try #require(segment.board.summary())
    harness.engine?.kill()
    _ = harness.engine?.wait()
    let connection = try harness.connect()
    let labels = try Snapshots(symbol: 1, connection: connection).labels()
    #expect(labels.count >= 2)
    _ = try connection.query(
      """
      update snapshot_parts set bytes = set_byte(bytes, 100, get_byte(bytes, 100) # 1)
      where symbol_id = 1 and sequence = $1 and part = 0
      """, .int64(Int64(labels[0].sequence)))
    let next = try startWithSnapshots(harness)
    _ = try harness.ask(limit(.buy, 1, at: 1), of: segment)
    #expect(segment.board.summary()?.open_orders == board.open_orders + 1)
    #expect(next.output.contains("snapshot passed over"))
    #expect(next.output.contains("\"snapshot\":\(labels[1].sequence),"))
  }

  @Test("include one at an orderly end, and only so many are kept")
  func atTheEnd() throws {
    let harness = try EngineHarness()
    let engine = try startWithSnapshots(harness)
    try trade(harness, until: 5000)
    let segment = try harness.segment()
    _ = try harness.ask((0..<1000).map { limit(.buy, 1, at: 1 + Int64($0 % 9)) }, of: segment)
    engine.kill(SIGTERM)
    #expect(engine.wait() == .code(0))
    let connection = try harness.connect()
    let labels = try Snapshots(symbol: 1, connection: connection).labels()
    let head = try Journal(symbol: 1, connection: connection).head()
    #expect(labels.first?.sequence == head.sequence)
    #expect(labels.count == 3)
  }
}
