import Foundation
import Glibc
import Postgres
import Relocation
import TestSupport
import Testing

/// A symbol goes from one shard to another while its clients trade. To them it is a slow request.
@Suite("Moving a symbol", .serialized, .timeLimit(.minutes(10)))
struct MoveTests {
  private static let placement = "BTC-USD=0 AAPL=0 ETH-USD=1 GOOG=1 M-Z=2"
  private static let symbol = "ETH-USD"
  private static let id = 2

  private func exchange() throws -> Exchange {
    try Exchange(
      shards: 3,
      environment: ["OUTCRY_PLACEMENT": MoveTests.placement, "OUTCRY_SNAPSHOT_EVERY": "1000"])
  }

  /// The move as the command makes it, a step at a time.
  private func move(in exchange: Exchange, to target: Int) throws -> Move {
    try Move(
      MoveTests.symbol, to: target, accounts: exchange.database,
      databases: { exchange.database(ofShard: $0) })
  }

  /// The tool, to be killed or waited for.
  private func startMove(in exchange: Exchange, to target: Int) -> ChildProcess {
    ChildProcess(
      Products.path(of: "outcry"),
      ["symbols", "move", MoveTests.symbol, "--to", "\(target)", "--state", exchange.state])
  }

  private func rows(of table: String, in exchange: Exchange, shard: Int) throws -> Int64 {
    let condition = table == "orders" ? "order_id >> 40" : "symbol_id"
    return try exchange.count(
      "select count(*) from \(table) where \(condition) = \(MoveTests.id)", ofShard: shard)
  }

  /// No request failed or took long, and the rest.
  private func expectWell(_ exchange: Exchange, _ traders: SteadyTraders, at home: Int) throws {
    traders.expectServed(within: 4)
    try expectExact(exchange, traders, at: home)
  }

  /// All of it is at one shard and nothing anywhere else; every order is there once, as it was
  /// answered; and the journal, the tables and the board say the same.
  private func expectExact(_ exchange: Exchange, _ traders: SteadyTraders, at home: Int) throws {
    for shard in 0..<3 where shard != home {
      for table in ["journal", "orders", "trades", "candles", "positions", "snapshots"] {
        #expect(try rows(of: table, in: exchange, shard: shard) == 0, "\(table) at \(shard)")
      }
    }
    let orders = traders.orders
    // The tables follow.
    let isWhole = eventually {
      (try? rows(of: "orders", in: exchange, shard: home)) == Int64(orders.count)
    }
    #expect(isWhole)
    let connection = try Connection(exchange.database(ofShard: home))
    let stored = try connection.query(
      "select client_order_id, order_id from orders where order_id >> 40 = $1",
      .int64(Int64(MoveTests.id)))
    var found: [String: Int] = [:]
    for row in 0..<stored.count { found[stored.text(row, 0)] = Int(stored.int64(row, 1)) }
    #expect(found.count == stored.count)
    let wrong = orders.filter { found[$0.key] != $0.value.id }.map { "\($0)" }
    #expect(wrong.prefix(5) == [])
    var verified = exchange.outcry("verify", MoveTests.symbol)
    let isCompared = eventually {
      if verified.output.contains("board compared") { return true }
      verified = exchange.outcry("verify", MoveTests.symbol)
      return false
    }
    #expect(verified.status == 0 && isCompared, "\(verified)")
    #expect(try exchange.count("select shard from symbols where id = \(MoveTests.id)") == home)
    #expect(try exchange.count("select count(*) from moves") == 0)
  }

  private func trade(_ traders: SteadyTraders, more count: Int = 200) {
    let goal = traders.acknowledged + count
    #expect(eventually { traders.acknowledged >= goal })
  }

  @Test("rebalancing moves what the placement would put elsewhere, and nothing else")
  func rebalance() throws {
    let exchange = try exchange()
    let trader = try exchange.trader()
    let order = ["symbol": "AAPL", "side": "buy", "type": "limit", "price": "1", "quantity": "1"]
    #expect(trader.call("POST", "/api/orders", order).status == 201)
    let moved = exchange.outcry("symbols", "move", "AAPL", "--to", "2")
    #expect(moved.status == 0, "\(moved)")
    let rebalanced = exchange.outcry("symbols", "rebalance")
    #expect(rebalanced.status == 0, "\(rebalanced)")
    #expect(rebalanced.output.contains("AAPL: at shard 0"))
    #expect(rebalanced.output.contains("1 of 5 symbols moved"))
    #expect(exchange.outcry("symbols", "rebalance").output.contains("0 of 5 symbols moved"))
    #expect(trader.call("POST", "/api/orders", order).status == 201)
    let open = trader.call("GET", "/api/orders?status=open")["orders"] as? [Any]
    #expect(open?.count == 2)
  }

  @Test("there and back under load: no request fails, none is lost, none is done twice")
  func underLoad() throws {
    let exchange = try exchange()
    let traders = try SteadyTraders(exchange, traders: 4, symbol: MoveTests.symbol)
    trade(traders)
    for target in [2, 1, 0] {
      let moved = exchange.outcry("symbols", "move", MoveTests.symbol, "--to", "\(target)")
      #expect(moved.status == 0, "\(moved.output)")
      trade(traders)
    }
    traders.stop()
    traders.expectServed(within: 2)
    try expectWell(exchange, traders, at: 0)

    // What was answered at the first shard has its first answer at the last.
    let first = try #require(traders.orders.first { $0.key.hasSuffix("-1") })
    let number = try #require(Int(first.key.dropFirst().prefix { $0.isNumber }))
    let again = traders.clients[number].place(
      "buy", "1", at: "101.00", symbol: MoveTests.symbol, key: first.key)
    #expect(again["orderId"] as? Int == first.value.id, "\(again)")
    #expect(again["duplicate"] as? Bool == true)
    #expect(exchange.outcry("symbols", "move", MoveTests.symbol, "--to", "0").status == 0)
    #expect(exchange.outcry("symbols", "move", MoveTests.symbol, "--to", "3").status == 1)
  }

  /// As if the tool were killed right after a step: the row in the database is all that is left.
  private func begin(in exchange: Exchange, to target: Int, steps: Int) throws {
    let move = try move(in: exchange, to: target)
    for _ in 0..<steps { try move.advance() }
  }

  @Test("killed after any step it goes on to the end")
  func everyStep() throws {
    let exchange = try exchange()
    let traders = try SteadyTraders(exchange, traders: 3, symbol: MoveTests.symbol)
    for steps in 0..<4 {
      trade(traders, more: 100)
      let target = steps % 2 == 0 ? 2 : 1
      try begin(in: exchange, to: target, steps: steps)
      // While it is on its way it can go nowhere else.
      let elsewhere = exchange.outcry("symbols", "move", MoveTests.symbol, "--to", "0")
      #expect(elsewhere.status == 1, "\(elsewhere.output)")
      let moved = exchange.outcry("symbols", "move", MoveTests.symbol, "--to", "\(target)")
      #expect(moved.status == 0, "\(moved.output)")
    }
    trade(traders)
    traders.stop()
    try expectWell(exchange, traders, at: 1)
  }

  @Test("killed at any moment it goes on to the end, there and back")
  func killed() throws {
    let exchange = try exchange()
    let traders = try SteadyTraders(exchange, traders: 3, symbol: MoveTests.symbol)
    trade(traders)
    var home = 1
    for _ in 0..<6 {
      let target = home == 1 ? 2 : 1
      let tool = startMove(in: exchange, to: target)
      pause(microseconds: Int.random(in: 20_000...900_000))
      tool.kill(SIGKILL)
      _ = tool.wait()
      let moved = exchange.outcry("symbols", "move", MoveTests.symbol, "--to", "\(target)")
      #expect(moved.status == 0, "\(moved.output)")
      home = target
    }
    trade(traders)
    traders.stop()
    try expectWell(exchange, traders, at: home)
  }

  @Test("given up on its way it stays where it was, and can leave another time")
  func staying() throws {
    let exchange = try exchange()
    let traders = try SteadyTraders(exchange, traders: 3, symbol: MoveTests.symbol)
    for steps in 1..<4 {
      trade(traders, more: 100)
      try begin(in: exchange, to: 2, steps: steps)
      let stayed = exchange.outcry("symbols", "move", MoveTests.symbol, "--to", "1")
      #expect(stayed.status == 0, "\(stayed.output)")
    }
    // When something fails after the engine was stopped, it stays without being told to.
    trade(traders, more: 100)
    var isToFail = true
    let failing = try Move(
      MoveTests.symbol, to: 2, accounts: exchange.database,
      databases: { shard in
        let isStopping = try exchange.count("select count(*) from moves where step = 1") > 0
        if isStopping, isToFail {
          isToFail = false
          throw POSIXError(.EIO)
        }
        return exchange.database(ofShard: shard)
      })
    #expect(throws: Move.Failure.self) { try failing.run() }
    #expect(!isToFail && failing.stored == nil)
    trade(traders, more: 100)
    let moved = exchange.outcry("symbols", "move", MoveTests.symbol, "--to", "2")
    #expect(moved.status == 0, "\(moved.output)")
    trade(traders, more: 100)
    traders.stop()
    try expectWell(exchange, traders, at: 2)
  }

  @Test("left alone on its way it is taken back, before its requests have waited too long")
  func leftAlone() throws {
    let exchange = try exchange()
    let traders = try SteadyTraders(exchange, traders: 3, symbol: MoveTests.symbol)
    for steps in [1, 2] {
      trade(traders, more: 100)
      try begin(in: exchange, to: 2, steps: steps)
      trade(traders, more: 100)
      #expect(try exchange.count("select count(*) from moves") == 0)
    }
    traders.stop()
    try expectStayed(exchange, traders)
  }

  private func expectStayed(_ exchange: Exchange, _ traders: SteadyTraders) throws {
    traders.expectServed(within: 4.9)
    #expect(exchange.outcry("verify", MoveTests.symbol).status == 0)
    let all = Int64(traders.orders.count)
    #expect(eventually { (try? rows(of: "orders", in: exchange, shard: 1)) == all })
  }

  @Test("whatever is killed on the way, nothing is lost and nothing is done twice")
  func anythingKilled() throws {
    let exchange = try exchange()
    let traders = try SteadyTraders(exchange, traders: 3, symbol: MoveTests.symbol)
    let victims = ["engine-1", "engine-2", "worker-1", "worker-2", "postgres-1", "postgres-2"]
    for (round, victim) in victims.shuffled().enumerated() {
      let target = round % 2 == 0 ? 2 : 1
      let tool = startMove(in: exchange, to: target)
      pause(microseconds: Int.random(in: 50_000...700_000))
      let pid = exchange.pid(of: victim)
      if pid != 0 { Glibc.kill(pid, SIGKILL) }
      _ = tool.wait(within: 60)
      var output = ""
      let isMoved = eventually(within: 60) {
        let again = exchange.outcry("symbols", "move", MoveTests.symbol, "--to", "\(target)")
        output = again.output
        return again.status == 0
      }
      #expect(isMoved, "\(victim): \(output)")
      trade(traders, more: 50)
    }
    traders.stop()
    try expectExact(exchange, traders, at: 1)
  }

  @Test("an engine that nobody stops is fenced off")
  func fenced() throws {
    let exchange = try exchange()
    let traders = try SteadyTraders(exchange, traders: 3, symbol: MoveTests.symbol)
    trade(traders)
    let manager = try exchange.signal("engine-1", SIGSTOP)
    let move = startMove(in: exchange, to: 2)
    let isThere = eventually {
      (try? exchange.count("select shard from symbols where id = \(MoveTests.id)")) == 2
    }
    // Its workers hear from it where the symbol is.
    Glibc.kill(manager, SIGCONT)
    #expect(isThere)
    #expect(move.wait() == .code(0), "\(move.output)")
    trade(traders)
    traders.stop()
    try expectWell(exchange, traders, at: 2)
    #expect(readFile(exchange.state + "/log/engine-1.log").contains("fenced off"))
  }
}
