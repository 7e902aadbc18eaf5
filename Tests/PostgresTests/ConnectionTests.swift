import Glibc
import Postgres
import TestSupport
import Testing

@Suite("A PostgreSQL connection", .serialized)
struct ConnectionTests {
  let settings = TestPostgres.shared.newDatabase()

  @Test("carries every type there and back in binary form")
  func types() throws {
    let connection = try Connection(settings)
    let rows = try connection.query(
      "select $1, $2, $3, $4, $5, $6, $7[2], $8[3], $9[1], $10",
      .bool(true), .int16(-2), .int32(-70000), .int64(.min), .text("grün"), .bytes([0, 255, 7]),
      .int64s([1, -5]), .int16s([1, 2, -3]), .byteStrings([[9, 0], []]), .null(.int8))
    #expect(rows.bool(0, 0) == true)
    #expect(rows.int64(0, 1) == -2)
    #expect(rows.int64(0, 2) == -70000)
    #expect(rows.int64(0, 3) == .min)
    #expect(rows.text(0, 4) == "grün")
    #expect(Array(rows.bytes(0, 5)) == [0, 255, 7])
    #expect(rows.int64(0, 6) == -5)
    #expect(rows.int64(0, 7) == -3)
    #expect(Array(rows.bytes(0, 8)) == [9, 0])
    #expect(rows.optionalInt64(0, 9) == nil)
  }

  @Test("tells the SQLSTATE of a failure and stays of use")
  func errors() throws {
    let connection = try Connection(settings)
    try connection.run("create table one (id int primary key)")
    _ = try connection.query("insert into one values ($1)", .int32(1))
    let error = #expect(throws: PostgresError.self) {
      _ = try connection.query("insert into one values ($1)", .int32(1))
    }
    #expect(error?.state == "23505")
    #expect(error?.isUniqueViolation == true)
    #expect(error?.connectionLost == false)
    let count = try connection.query("select count(*) from one").int64(0, 0)
    #expect(count == 1)
  }

  @Test("parses a statement that comes again once a session")
  func prepared() throws {
    let connection = try Connection(settings)
    for number in 1...3 {
      let sum = try connection.queryPrepared("select $1 + 1", .int64(Int64(number))).int64(0, 0)
      #expect(sum == Int64(number) + 1)
    }
    #expect(try connection.queryPrepared("select 7").int64(0, 0) == 7)
    #expect(throws: PostgresError.self) { _ = try connection.queryPrepared("select nothing") }
    let count = try connection.query("select count(*) from pg_prepared_statements").int64(0, 0)
    #expect(count == 2)
  }

  @Test("notices that the server ended it")
  func lost() throws {
    let connection = try Connection(settings)
    _ = try Connection(settings).query(
      "select pg_terminate_backend($1)", .int32(connection.backendID))
    let error = #expect(throws: PostgresError.self) {
      try connection.run("select pg_sleep(5)")
    }
    #expect(error?.connectionLost == true)
  }

  @Test("says why it cannot connect")
  func refused() {
    let error = #expect(throws: PostgresError.self) {
      _ = try Connection("host=/nowhere dbname=x")
    }
    #expect(error?.connectionLost == true)
    #expect(error?.message.contains("/nowhere") == true)
  }

  @Test("goes by TCP with a password")
  func password() throws {
    let server = TestPostgres(fsync: false, tcp: true)
    let rows = try Connection(server.tcpSettings()).query("select 5")
    #expect(rows.int64(0, 0) == 5)
    #expect(throws: PostgresError.self) {
      _ = try Connection(server.tcpSettings(password: "wrong"))
    }
  }

  @Test("goes by TLS, and believes only the server it was told to believe")
  func tls() throws {
    let keys = TemporaryFolder("keys")
    for name in ["server", "stranger"] {
      let made = ChildProcess.run(
        "openssl",
        [
          "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
          "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
          keys.file("\(name).key"), "-out", keys.file("\(name).crt"),
        ])
      try #require(made.exit == .code(0), "\(made.output)")
    }
    _ = ChildProcess.run("chmod", ["755", keys.path])
    if getuid() == 0 { _ = ChildProcess.run("chown", ["postgres", keys.file("server.key")]) }
    let server = TestPostgres(
      tcp: true,
      settings: [
        "ssl": "on", "ssl_cert_file": keys.file("server.crt"),
        "ssl_key_file": keys.file("server.key"),
      ])
    let verified = " sslmode=verify-full sslrootcert="
    let rows = try Connection(server.tcpSettings() + verified + keys.file("server.crt"))
      .query("select ssl from pg_stat_ssl where pid = pg_backend_pid()")
    let isEncrypted = rows.bool(0, 0)
    #expect(isEncrypted)
    #expect(throws: PostgresError.self) {
      _ = try Connection(server.tcpSettings() + verified + keys.file("stranger.crt"))
    }
  }

  @Test("commits all statements of a pipeline or none")
  func pipeline() throws {
    let connection = try Connection(settings)
    try connection.run("create table many (id bigint primary key)")
    try connection.prepare("add", "insert into many values ($1)", [.int8])
    try connection.enterPipeline()
    let parameters = Parameters()
    func send(_ ids: [Int64]) throws {
      for id in ids {
        parameters.removeAll()
        parameters.add(id)
        try connection.sendPipeline("add", parameters)
      }
      try connection.sendPipelineEnd()
      try connection.awaitResults()
    }
    try send([1, 2, 3])
    let error = #expect(throws: PostgresError.self) { try send([4, 5, 1, 6]) }
    #expect(error?.isUniqueViolation == true)
    try send([7])
    try connection.leavePipeline()
    let rows = try connection.query("select id from many order by id")
    #expect((0..<rows.count).map { rows.int64($0, 0) } == [1, 2, 3, 7])
  }

  @Test("copies rows in and out")
  func copy() throws {
    let connection = try Connection(settings)
    try connection.run("create table copied (id bigint, small smallint, word text)")
    let writer = CopyWriter(connection)
    for batch in 0..<2 {
      try writer.start(into: "copied (id, small, word)")
      for index in 0..<10_000 {
        try writer.startRow(columns: 3)
        writer.add(Int64(batch * 10_000 + index))
        writer.add(Int16(index % 7))
        if index % 2 == 0 {
          writer.addNull()
        } else {
          Array("abc".utf8).withUnsafeBytes { writer.add($0) }
        }
      }
      try writer.finish()
    }
    var expected: Int64 = 0
    var words = 0
    try connection.copyOut("select id, small, word from copied order by id") { row in
      if row.int64() == expected { expected += 1 }
      _ = row.int16()
      if row.next() != nil { words += 1 }
      return true
    }
    #expect(expected == 20_000)
    #expect(words == 10_000)
    try connection.copyOut("select generate_series(1, 100000000)") { _ in false }
    let answer = try connection.query("select 1").int64(0, 0)
    #expect(answer == 1)
  }

  @Test("receives notifications")
  func notifications() throws {
    let listener = try Connection(settings)
    try listener.listen(to: "news")
    _ = try Connection(settings).query("select pg_notify('news', 'hello')")
    var entry = pollfd(fd: listener.descriptor, events: Int16(POLLIN), revents: 0)
    #expect(poll(&entry, 1, 5000) == 1)
    #expect(try listener.notifications() == [Announcement(channel: "news", payload: "hello")])
  }
}
