import Settings
import Testing

@Suite("Settings")
struct SettingsTests {
  @Test("an empty environment gives the defaults of a fresh set-up")
  func defaults() throws {
    let settings = try Settings(environment: [:])
    #expect(settings == Settings())
    #expect(try Configuration.load(environment: [:]).settings == Settings())
    #expect(settings.instance == "outcry")
    #expect(settings.workers == 2)
    #expect(settings.port == 8080)
  }

  @Test("every variable reaches its field")
  func everyVariable() throws {
    let settings = try Settings(environment: [
      "OUTCRY_INSTANCE": "outcry-8081", "OUTCRY_DATABASE": "host=db dbname=x",
      "OUTCRY_REDIS": "redis:6380", "OUTCRY_LISTEN": "0.0.0.0:9000", "OUTCRY_WORKERS": "7",
      "OUTCRY_PUBLISH_SOCKET": "/run/publish.sock",
      "OUTCRY_SECRET_FILE": "/run/secrets/master", "OUTCRY_ADMIN_KEY_FILE": "/run/secrets/admin",
      "OUTCRY_STATE_DIR": "/var/lib/outcry", "OUTCRY_PORT": "8081",
      "OUTCRY_REQUEST_DEADLINE_MS": "250", "OUTCRY_LOG_LEVEL": "debug",
      "OUTCRY_WORKER_RECYCLE": "1000", "OUTCRY_WORKER_STUCK_SECONDS": "9",
      "OUTCRY_SLOW_REQUEST_MS": "10", "OUTCRY_DATABASE_IDLE_SECONDS": "11",
      "OUTCRY_ACCOUNT_RATE": "12", "OUTCRY_ACCOUNT_ORDERS": "13", "OUTCRY_ADDRESS_RATE": "14",
      "OUTCRY_ADDRESS_CONNECTIONS": "15", "OUTCRY_LOGIN_RATE": "16",
      "OUTCRY_TRUSTED_ADDRESSES": "::1", "OUTCRY_CLIENT_TIMEOUT_SECONDS": "17",
      "OUTCRY_SNAPSHOT_EVERY": "1001", "OUTCRY_JOURNAL_KEEP": "1048577", "OUTCRY_SHARD": "1",
      "OUTCRY_SHARDS": "/run/0.sock shard-1:9000,/run/1.sock",
      "OUTCRY_SHARD_DATABASES": "host=shard-{shard}", "OUTCRY_ACCOUNTS_DATABASE": "host=a",
      "OUTCRY_PLACEMENT": "BTC-USD=1 A-G=0",
      "OUTCRY_SHARDS_USED": "2",
    ])
    var expected = Settings()
    expected.instance = "outcry-8081"
    expected.database = "host=db dbname=x"
    expected.redis = [.tcp(host: "redis", port: 6380)]
    expected.listen = .tcp(host: "0.0.0.0", port: 9000)
    expected.workers = 7
    expected.publishSocket = "/run/publish.sock"
    expected.secretFile = "/run/secrets/master"
    expected.adminKeyFile = "/run/secrets/admin"
    expected.stateDirectory = "/var/lib/outcry"
    expected.port = 8081
    expected.requestDeadlineMilliseconds = 250
    expected.logLevel = .debug
    expected.workerRecycle = 1000
    expected.workerStuckSeconds = 9
    expected.slowRequestMilliseconds = 10
    expected.databaseIdleSeconds = 11
    expected.accountRate = 12
    expected.accountOrders = 13
    expected.addressRate = 14
    expected.addressConnections = 15
    expected.loginRate = 16
    expected.trustedAddresses = ["::1"]
    expected.clientTimeoutSeconds = 17
    expected.snapshotEvery = 1001
    expected.journalKeep = 1_048_577
    expected.shard = 1
    expected.shardsUsed = 2
    expected.shards = ShardAddresses([
      [.unix(path: "/run/0.sock")],
      [.tcp(host: "shard-1", port: 9000), .unix(path: "/run/1.sock")],
    ])
    expected.shardDatabases = ShardDatabases(["host=shard-{shard}"])
    expected.accountsDatabase = "host=a"
    expected.placement = try #require(Placement("BTC-USD=1 A-G=0"))
    #expect(settings == expected)
  }

  @Test("the state folder moves what lies in it, unless that is named itself")
  func stateFolder() throws {
    let settings = try Settings(environment: [
      "OUTCRY_STATE_DIR": "/srv/x", "OUTCRY_ADMIN_KEY_FILE": "/etc/admin",
    ])
    #expect(settings.listen == .unix(path: "/srv/x/run/workers.sock"))
    #expect(settings.secretFile == "/srv/x/secret")
    #expect(settings.adminKeyFile == "/etc/admin")
  }

  @Test("all problems are told at once, each with its variable")
  func allProblems() {
    let environment = [
      "OUTCRY_INSTANCE": "a/b", "OUTCRY_REDIS": "nowhere", "OUTCRY_WORKERS": "0",
      "OUTCRY_PORT": "65536", "OUTCRY_LOG_LEVEL": "loud",
      "OUTCRY_LISTEN": "/" + String(repeating: "x", count: 107),
    ]
    let problems = #expect(throws: Settings.Problems.self) {
      try Settings(environment: environment)
    }
    let list = problems?.list ?? []
    #expect(list.count == environment.count)
    for name in environment.keys {
      #expect(list.contains { $0.hasPrefix("\(name) is ") })
    }
  }

  @Test("an empty variable counts as unset")
  func emptyVariable() throws {
    #expect(try Settings(environment: ["OUTCRY_WORKERS": "", "OUTCRY_REDIS": ""]) == Settings())
  }

  @Test("Redis is one address or several, and each of them must be one")
  func severalAddresses() throws {
    func redis(_ text: String) throws -> [Address] {
      try Settings(environment: ["OUTCRY_REDIS": text]).redis
    }
    #expect(
      try redis("a:1  [::1]:2 b:3") == [
        .tcp(host: "a", port: 1), .tcp(host: "::1", port: 2), .tcp(host: "b", port: 3),
      ])
    #expect(try redis("/run/my redis/s") == [.unix(path: "/run/my redis/s")])
    for wrong in ["a:1 b", "a:1,b:2"] {
      #expect(throws: Settings.Problems.self) { try redis(wrong) }
    }
    let setting = try #require(Settings.setting(named: "redis"))
    #expect(try setting.show(Settings(environment: ["OUTCRY_REDIS": "a:1 b:2"])) == "a:1 b:2")
  }

  @Test("addresses are read and written back", arguments: ["/a/b", "h:1", "[::1]:65535", "./s"])
  func addresses(text: String) {
    #expect(Address(text)?.description == text)
  }

  @Test(
    "what is no address is refused",
    arguments: ["", "h", "h:", ":1", "h:0", "::1:9", "h:99999"])
  func noAddress(text: String) {
    #expect(Address(text) == nil)
  }
}
