import Postgres
import Store
import TestSupport
import Testing

@Suite("How many shards take symbols", .serialized)
struct ShardCountTests {
  let connection: Connection

  init() throws {
    connection = try Connection(TestPostgres.shared.newDatabase())
    try Schema.migrate(connection)
  }

  @Test("is nobody's word at first, then the last one")
  func count() throws {
    #expect(try ShardCount.find(connection) == nil)
    // Who asks without changing anything has not said how many.
    try ShardCount.confirm(asOf: 7, connection)
    #expect(try ShardCount.find(connection) == nil)
    for number in [3, 2, 8] {
      try ShardCount.store(number, connection)
      #expect(try ShardCount.find(connection) == number)
    }
    #expect(throws: PostgresError.self) { try ShardCount.store(0, connection) }
  }

  @Test("is as new as what was asked for last, and one that asked before changes nothing")
  func confirmation() throws {
    #expect(try ShardCount.confirmedAt(connection) == 0)
    try ShardCount.store(2, connection)
    #expect(try ShardCount.confirmedAt(connection) == 0)
    let now = try ShardCount.now(connection)
    try ShardCount.confirm(asOf: now, connection)
    #expect(try ShardCount.confirmedAt(connection) == now)
    try ShardCount.confirm(asOf: now - 1, connection)
    #expect(try ShardCount.confirmedAt(connection) == now)
    #expect(try ShardCount.now(connection) > now)
  }

  @Test("a shard is empty when nothing is there, nor on its way from there")
  func empty() throws {
    #expect(try !ShardCount.isEmpty(0, connection))
    try connection.run("update symbols set shard = 1")
    #expect(try ShardCount.isEmpty(0, connection))
    // What it still has is being removed.
    try Moves.begin(StoredMove(symbol: 1, source: 0, target: 1, step: .moved), connection)
    #expect(try !ShardCount.isEmpty(0, connection))
    #expect(try Moves.symbols(connection) == [1])
    try Moves.end(1, connection)
    #expect(try ShardCount.isEmpty(0, connection) && !ShardCount.isEmpty(1, connection))
  }
}
