import Glibc
import Postgres
import Store
import TestSupport
import Testing
import Wire

@Suite("The schema", .serialized)
struct SchemaTests {
  let settings = TestPostgres.shared.newDatabase()

  @Test("is made once by several connections that migrate at the same time")
  func concurrently() async throws {
    let settings = settings
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<6 {
        group.addTask {
          let connection = try Connection(settings)
          for _ in 0..<3 { try Schema.migrate(connection) }
        }
      }
      try await group.waitForAll()
    }
    let connection = try Connection(settings)
    let rows = try connection.query("select version from schema_migrations order by version")
    let versions = (0..<rows.count).map { Int(rows.int64($0, 0)) }
    #expect(versions == Array(1...Schema.version))
    let names = try Symbols.list(connection).map(\.symbol.name)
    #expect(names == ["BTC-USD", "ETH-USD", "AAPL", "GOOG", "MSFT"])
  }

  @Test("made by the first program is brought to today's, and its journal is still read")
  func upgrade() throws {
    let connection = try Connection(settings)
    try Schema.migrate(connection, to: 1)
    try commands(1...3).withUnsafeBytes { bytes in
      let parameters = Parameters()
      parameters.add(bytes: bytes)
      _ = try connection.query(
        "insert into journal values (1, 3, 7, 10, 1, 1, $1)", parameters)
    }
    try connection.run("insert into projections values (1, 3)")
    try Schema.migrate(connection)
    let journal = try Journal(symbol: 1, connection: Connection(settings))
    try commands(4...5).withUnsafeBufferPointer { try journal.append($0, epoch: 7) }
    var found: [UInt64] = []
    try JournalReader(symbol: 1, connection: connection).read { run, _ in
      found += run.map(\.sequence)
      return true
    }
    #expect(found == [1, 2, 3, 4, 5])
    #expect(try connection.query("select answers_after from projections").int64(0, 0) == 3)
  }

  @Test("made by a newer program is refused")
  func newer() throws {
    let connection = try Connection(settings)
    try Schema.migrate(connection)
    try connection.run("insert into schema_migrations (version) values (999)")
    #expect(throws: SchemaError.self) { try Schema.migrate(connection) }
    #expect(throws: SchemaError.self) { try Schema.check(connection) }
  }

  @Test("announces revoked credentials and added symbols")
  func announcements() throws {
    let connection = try Connection(settings)
    try Schema.migrate(connection)
    let listener = try Connection(settings)
    try listener.listen(to: "outcry_credentials")
    try listener.listen(to: "outcry_symbols")
    try connection.run(
      """
      insert into accounts (name, password_hash) values ('ann', 'x');
      insert into tokens (hash, account, expires_at) select '\\xab01', id, 0 from accounts;
      insert into api_keys (key, account, permissions) select 'k1', id, 1 from accounts;
      delete from tokens;
      update api_keys set revoked_at = 1;
      update symbols set state = 2 where id = 3
      """)
    var heard: [Announcement] = []
    _ = try eventually {
      heard += try listener.notifications()
      return heard.count >= 3
    }
    let expected = [
      Announcement(channel: "outcry_credentials", payload: "token ab01"),
      Announcement(channel: "outcry_credentials", payload: "key k1"),
      Announcement(channel: "outcry_symbols", payload: "AAPL"),
    ]
    #expect(heard == expected)
  }
}
