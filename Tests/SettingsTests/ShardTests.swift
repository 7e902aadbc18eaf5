import Settings
import Testing

@Suite("Shards in the settings")
struct ShardTests {
  private func settings(_ variables: [String: String]) throws -> Settings {
    try Settings(environment: variables)
  }

  @Test("without shards every symbol is this process's business and every database is the same")
  func none() throws {
    let settings = try settings(["OUTCRY_DATABASE": "dbname=x", "OUTCRY_SHARDS": "/run/w.sock"])
    #expect(!settings.isSharded)
    #expect(settings.owns(shard: 0) && settings.owns(shard: 7))
    #expect(settings.accounts == "dbname=x")
    #expect(settings.hasAccounts)
    #expect(settings.placement(of: "BTC-USD") == 0)
  }

  @Test("a list of connection strings says where each shard's database is, the accounts' too")
  func databases() throws {
    let variables = ["OUTCRY_SHARDS": "a:1 b:1 c:1"]
    for list in ["host=d-0; host=d-1 ;host=d-2", "host=d-{shard}"] {
      let own = ["OUTCRY_SHARD": "2", "OUTCRY_SHARD_DATABASES": list]
      let settings = try settings(variables.merging(own) { $1 })
      #expect(settings.database == "host=d-2")
      #expect(settings.accounts == "host=d-0")
      #expect(!settings.hasAccounts)
      #expect(settings.database(ofShard: 1) == "host=d-1")
      #expect(settings.owns(shard: 2) && !settings.owns(shard: 0))
    }
  }

  @Test("a semicolon in a password separates nothing, and the password is not shown")
  func password() throws {
    let text = "host=a password='x;y'; host=b password=z"
    let settings = try settings([
      "OUTCRY_SHARDS": "a:1 b:1", "OUTCRY_SHARD_DATABASES": text, "OUTCRY_SHARD": "1",
    ])
    #expect(settings.accounts == "host=a password='x;y'")
    #expect(settings.database == "host=b password=z")
    let shown = Settings.setting(named: "shard_databases")?.shown(settings) ?? ""
    #expect(shown == "host=a password=***; host=b password=***")
  }

  @Test(
    "what the settings of shards have against each other is told",
    arguments: [
      ["OUTCRY_SHARDS": "a:1 b:1", "OUTCRY_SHARD": "2"],
      ["OUTCRY_SHARDS": "a:1 b:1", "OUTCRY_SHARD": "1"],
      ["OUTCRY_SHARDS": "a:1 b:1", "OUTCRY_SHARD_DATABASES": "host=a; host=b; host=c"],
      ["OUTCRY_SHARDS": "a:1 b:1", "OUTCRY_PLACEMENT": "A-Z=2"],
      ["OUTCRY_SHARDS": "a:1 b:1", "OUTCRY_SHARDS_USED": "3"],
      ["OUTCRY_SHARDS": "a:1 b:1 c:1", "OUTCRY_SHARD_DATABASES": "host=a; host=b"],
      ["OUTCRY_SHARDS": "a:1 b"], ["OUTCRY_PLACEMENT": "Z-A=0"], ["OUTCRY_PLACEMENT": "BTC"],
      ["OUTCRY_PLACEMENT": "btc=0"], ["OUTCRY_SHARD_DATABASES": "host=a;;host=b"],
    ])
  func contradictions(variables: [String: String]) {
    let problems = #expect(throws: Settings.Problems.self) { try settings(variables) }
    #expect(problems?.list.count == 1)
  }

  @Test("a symbol goes where its name is listed, else by its first letter's range, else by hash")
  func placement() throws {
    let placement = try #require(Placement("G-G=1 BTC-USD=2 A-B=0 A.B_C=1"))
    #expect(placement.shard(of: "BTC-USD", count: 3) == 2)
    #expect(placement.shard(of: "BTC-EUR", count: 3) == 0)
    #expect(placement.shard(of: "AAPL", count: 3) == 0)
    #expect(placement.shard(of: "A.B_C", count: 3) == 1)
    #expect(placement.shard(of: "GOOG", count: 3) == 1)
    #expect(placement.shard(of: "MSFT", count: 3) == Placement().shard(of: "MSFT", count: 3))
    #expect(Placement(placement.description) == placement)
  }

  @Test("of more shards than are used the others get no symbol, whatever names them")
  func used() throws {
    let variables = [
      "OUTCRY_SHARDS": "a:1 b:1 c:1 d:1", "OUTCRY_SHARDS_USED": "2",
      "OUTCRY_SHARD_DATABASES": "host=a; host=b; host=c", "OUTCRY_PLACEMENT": "BTC-USD=2 A-B=1",
    ]
    let settings = try settings(variables)
    #expect(settings.shardCount == 4 && settings.usedShards == 2)
    #expect(settings.placement(of: "BTC-USD") == 1)
    #expect(settings.placement(of: "BTC-USD", among: 3) == 2)
    #expect(settings.placement(of: "MSFT", among: 9) == settings.placement(of: "MSFT", among: 4))
    let names = (0..<100).map { "S\($0)-USD" }
    #expect(Set(names.map(settings.placement(of:))) == [0, 1])
    #expect(Set(names.map { settings.placement(of: $0, among: 4) }) == [0, 1, 2, 3])
    #expect(try self.settings(["OUTCRY_SHARDS": "a:1 b:1 c:1 d:1"]).usedShards == 4)
  }

  @Test("the hash shares symbols out evenly, and one shard more takes only its share")
  func hash() {
    let names = (0..<3000).map { "S\($0)-USD" }
    for count in 1...8 {
      let before = names.map { Placement().shard(of: $0, count: count) }
      let after = names.map { Placement().shard(of: $0, count: count + 1) }
      for shard in 0..<count {
        let share = before.count { $0 == shard }
        #expect((3000 / count * 8 / 10...3000 / count * 12 / 10).contains(share))
      }
      let moved = zip(before, after).filter { $0 != $1 }
      #expect(moved.allSatisfy { $0.1 == count })
      #expect(moved.count < 3000 / (count + 1) * 12 / 10)
    }
  }
}
