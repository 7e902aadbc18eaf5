import Foundation
import Postgres
import SharedMemory
import TestSupport
import Testing

/// Three shards on one machine behind one address. A request meets whichever worker nginx chooses.
@Suite("Shards", .serialized)
struct ShardTests {
  private static let placement = "BTC-USD=0 AAPL=0 ETH-USD=1 GOOG=1 M-Z=2"
  private static let homes = ["BTC-USD": 0, "AAPL": 0, "ETH-USD": 1, "GOOG": 1, "MSFT": 2]

  private func exchange() throws -> Exchange {
    try Exchange(shards: 3, environment: ["OUTCRY_PLACEMENT": ShardTests.placement])
  }

  private func order(_ number: Int, _ symbol: String) -> [String: Any] {
    [
      "symbol": symbol, "side": "buy", "type": "limit", "price": "10.00", "quantity": "1",
      "clientOrderId": "\(symbol).\(number)",
    ]
  }

  @Test("orders for every symbol go through one address, each to its own shard's database")
  func everySymbol() throws {
    let exchange = try exchange()
    let trader = try exchange.trader()
    for number in 0..<8 {
      for symbol in ShardTests.homes.keys {
        let placed = trader.call("POST", "/api/orders", order(number, symbol))
        #expect(placed.status == 201, "\(symbol): \(placed)")
        // Repeated, it meets another worker and gets the first answer.
        let again = trader.call("POST", "/api/orders", order(number, symbol))
        #expect(again.status == 201 && again["orderId"] as? Int == placed["orderId"] as? Int)
        #expect(again["duplicate"] as? Bool == true)
        guard let id = placed["orderId"] as? Int else { continue }
        let changed = trader.call("PATCH", "/api/orders/\(id)", ["price": "11.00"])
        #expect(changed.status == 200, "\(changed)")
        #expect(trader.call("GET", "/api/orders/\(id)")["price"] as? String == "11.00")
        if number % 2 == 0 {
          let cancelled = trader.call("DELETE", "/api/orders/\(id)")
          #expect(cancelled.status == 200, "\(cancelled)")
        }
        #expect(trader.call("GET", "/api/book/\(symbol)?depth=5").status == 200)
        #expect(trader.call("GET", "/api/ticker/\(symbol)").status == 200)
        #expect(trader.call("GET", "/api/trades/\(symbol)").status == 200)
      }
    }
    for (symbol, home) in ShardTests.homes {
      let own = trader.call("GET", "/api/orders?symbol=\(symbol)&status=all")
      #expect((own["orders"] as? [Any])?.count == 8)
      let id = try exchange.count("select id from symbols where name = '\(symbol)'")
      for shard in 0..<3 {
        let kept = try exchange.count(
          "select count(*) from journal where symbol_id = \(id)", ofShard: shard)
        #expect((kept > 0) == (shard == home), "\(symbol) in shard \(shard)")
      }
      #expect(trader.call("DELETE", "/api/orders?symbol=\(symbol)")["cancelled"] as? Int == 4)
    }
    let symbols = trader.call("GET", "/api/symbols")["symbols"] as? [[String: Any]] ?? []
    for symbol in symbols {
      #expect(symbol["state"] as? String == "trading")
      #expect(symbol["shard"] as? Int == ShardTests.homes[symbol["symbol"] as? String ?? ""])
    }
    let verified = exchange.outcry("verify")
    #expect(verified.status == 0, "\(verified.output)")
    #expect(verified.output.split(separator: "\n").count == 5)
    #expect(verified.output.components(separatedBy: "board compared").count == 6)
    let status = exchange.outcry("status")
    #expect(status.status == 0 && status.output.contains("SHARD 2"), "\(status.output)")
  }

  @Test("what an operator does reaches a symbol's shard, and shows in every other one")
  func administration() throws {
    let exchange = try exchange()
    let administrator = try Administrator(of: exchange)
    let new =
      #"{"symbol":"SOL-USD","base":"SOL","quote":"USD","tickSize":"0.01","#
      + #""lotSize":"0.001"}"#
    let trader = try exchange.trader()
    let added = administrator.call("POST", "/api/admin/symbols", new)
    #expect(added.status == 201 && added["shard"] as? Int == 2, "\(added)")
    #expect(eventually { trader.call("POST", "/api/orders", order(1, "SOL-USD")).status == 201 })
    #expect(exchange.outcry("symbols", "add", "PEPE").status == 0)
    #expect(eventually { trader.call("POST", "/api/orders", order(1, "PEPE")).status == 201 })

    let halted = administrator.call("POST", "/api/admin/symbols/ETH-USD/halt")
    #expect(halted.status == 200, "\(halted)")
    for _ in 0..<6 {
      #expect(trader.call("POST", "/api/orders", order(2, "ETH-USD")).errorCode == "halted")
    }
    // The table of symbols lies in another shard's database, and so do most workers' directories.
    let isSeen = eventually {
      (0..<6).allSatisfy { _ in
        trader.call("GET", "/api/symbols/ETH-USD")["state"] as? String == "halted"
      }
    }
    #expect(isSeen)
    let limits = administrator.call(
      "PATCH", "/api/admin/symbols/ETH-USD", #"{"maxPrice":"5000.00"}"#)
    #expect(limits.status == 200 && limits["maxPrice"] as? String == "5000.00", "\(limits)")
    #expect(
      eventually {
        (0..<6).allSatisfy { _ in
          trader.call("GET", "/api/symbols/ETH-USD")["maxPrice"] as? String == "5000.00"
        }
      })
  }

  @Test("without its database a shard's symbols answer 503, and those of the others go on")
  func oneDatabaseAway() throws {
    let exchange = try exchange()
    let trader = try exchange.trader()
    for symbol in ShardTests.homes.keys {
      #expect(trader.call("POST", "/api/orders", order(1, symbol)).status == 201)
    }
    // Stopped, and kept from being started again.
    let data = exchange.state + "/postgres-1"
    try FileManager.default.moveItem(atPath: data, toPath: data + ".away")
    let postgres = try exchange.signal("postgres-1", SIGINT)
    #expect(eventually { exchange.pid(of: "postgres-1") != postgres })
    for number in 2..<6 {
      for (symbol, home) in ShardTests.homes where home != 1 {
        let answer = trader.call("POST", "/api/orders", order(number, symbol))
        #expect(answer.status == 201, "\(symbol): \(answer)")
      }
    }
    let refused = trader.call("POST", "/api/orders", order(2, "GOOG"))
    #expect(refused.status == 503 || refused.status == 504, "\(refused)")
    try FileManager.default.moveItem(atPath: data + ".away", toPath: data)
    #expect(
      eventually { trader.call("POST", "/api/orders", order(3, "GOOG")).status == 201 })
    #expect(exchange.outcry("verify").status == 0)
  }

  @Test("a shard is remembered, can be added and not be taken away")
  func remembered() throws {
    let exchange = try exchange()
    #expect(exchange.outcry("up", "--shards", "2").status == 1)
    #expect(exchange.outcry("up", "--shards", "4").status == 1)
    #expect(exchange.outcry("down").status == 0)
    #expect(try Instance(name: exchange.instance + "-2").list().isEmpty)
    let up = exchange.outcry("up", "--shards", "4")
    #expect(up.status == 0, "\(up.output)")
    #expect(exchange.pid(of: "worker-3") != 0)
    #expect(try exchange.trader().call("POST", "/api/orders", order(1, "MSFT")).status == 201)
  }
}
