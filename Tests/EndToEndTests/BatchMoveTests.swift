import Foundation
import Postgres
import Relocation
import Synchronization
import TestSupport
import Testing

@Suite("What is asked of a symbol that moves, or cannot", .serialized, .timeLimit(.minutes(10)))
struct BatchMoveTests {
  private static let placement = "BTC-USD=0 AAPL=0 ETH-USD=1 GOOG=1 M-Z=2"
  private static let symbols = ["ETH-USD", "BTC-USD", "ETH-USD", "MSFT", "ETH-USD", "GOOG"]

  private func exchange() throws -> Exchange {
    try Exchange(shards: 3, environment: ["OUTCRY_PLACEMENT": BatchMoveTests.placement])
  }

  @Test("one that trades faster than it can be copied stays, and nothing has changed")
  func tooFast() throws {
    let exchange = try exchange()
    let traders = try SteadyTraders(exchange, traders: 3, symbol: "ETH-USD")
    #expect(eventually { traders.acknowledged > 100 })
    let engines = try exchange.count("select max(epoch) from journal", ofShard: 1)
    var notes: [String] = []
    let move = try Move(
      "ETH-USD", to: 2, accounts: exchange.database,
      databases: { exchange.database(ofShard: $0) }, note: { notes.append($0) })
    // No copy is that short.
    move.copying.shortSeconds = 0
    move.copying.mostTimes = 5
    let failure = #expect(throws: Move.Failure.self) { try move.run() }
    #expect(failure?.description.contains("faster than it can be copied") == true)
    #expect(notes.last == "it stays at shard 1", "\(notes)")
    #expect(move.stored == nil)
    #expect(try exchange.count("select count(*) from moves") == 0)
    #expect(try exchange.count("select count(*) from departures", ofShard: 1) == 0)
    #expect(try exchange.count("select shard from symbols where name = 'ETH-USD'") == 1)
    let goal = traders.acknowledged + 100
    #expect(eventually { traders.acknowledged >= goal })
    // Its engine was not disturbed.
    #expect(try exchange.count("select max(epoch) from journal", ofShard: 1) == engines)
    // Another time it may go, wherever to.
    #expect(exchange.outcry("symbols", "move", "ETH-USD", "--to", "0").status == 0)
    traders.stop()
    traders.expectServed(within: 4)
    #expect(exchange.outcry("verify").status == 0)
  }

  /// Accounts that place batches, one after the other, and ask again when an answer is no good.
  private final class Batches: Sendable {
    let clients: [Client]
    private let isOver = Atomic(false)
    private let running = Atomic(0)
    private let strain = Strain()
    private let faults = Mutex<[(wait: Double, answer: String)]>([])
    /// The ids of orders by their clients' names.
    private let ids = Mutex<[String: Int]>([:])

    init(_ exchange: Exchange, _ count: Int) throws {
      clients = try (0..<count).map { _ in try exchange.trader() }
      for (index, client) in clients.enumerated() {
        running.add(1, ordering: .relaxed)
        Thread { [self] in
          var number = 0
          while !isOver.load(ordering: .relaxed) {
            number += 1
            place(Batches.batch(index, number), client)
          }
          running.subtract(1, ordering: .releasing)
        }.start()
      }
    }

    static func batch(_ client: Int, _ number: Int) -> [[String: Any]] {
      symbols.enumerated().map { index, symbol in
        [
          "symbol": symbol, "side": "buy", "type": "limit", "price": "\(10 + number % 40).00",
          "quantity": "1", "clientOrderId": "b\(client)-\(number)-\(index)",
        ]
      }
    }

    static func results(_ answer: Client.Answer) -> [[String: Any]] {
      answer["results"] as? [[String: Any]] ?? []
    }

    private func place(_ orders: [[String: Any]], _ client: Client) {
      while true {
        let sent = monotonicSeconds()
        let answer = client.call("POST", "/api/orders/batch", ["orders": orders])
        let results = Batches.results(answer)
        let found = results.compactMap { $0["orderId"] as? Int }
        guard answer.status == 200, found.count == orders.count else {
          faults.withLock { $0.append((monotonicSeconds() - sent, "\(answer)")) }
          if isOver.load(ordering: .relaxed) { return }
          continue
        }
        return ids.withLock { ids in
          for (order, id) in zip(orders, found) {
            ids[order["clientOrderId"] as? String ?? ""] = id
          }
        }
      }
    }

    var orders: [String: Int] { ids.withLock { $0 } }

    /// Not those whose time was up, where the machine is so busy that a move takes longer.
    func finish() -> [String] {
      isOver.store(true, ordering: .relaxed)
      #expect(eventually { running.load(ordering: .acquiring) == 0 })
      strain.stop()
      let limit = strain.allowance(4)
      return faults.withLock { faults in
        faults.filter { $0.wait < 4.2 || limit < 5 }.map(\.answer)
      }
    }
  }

  @Test("batches neither fail, nor are done twice or half, while one of their symbols moves")
  func batches() throws {
    let exchange = try exchange()
    let batches = try Batches(exchange, 4)
    for target in [2, 0, 1, 2] {
      let goal = batches.orders.count + 300
      #expect(eventually { batches.orders.count >= goal })
      let moved = exchange.outcry("symbols", "move", "ETH-USD", "--to", "\(target)")
      #expect(moved.status == 0, "\(moved.output)")
    }
    let goal = batches.orders.count + 300
    #expect(eventually { batches.orders.count >= goal })
    #expect(batches.finish() == [])

    let known = batches.orders
    var stored: [String: [Int]] = [:]
    func read() throws -> Int {
      stored = [:]
      for shard in 0..<3 {
        let rows = try Connection(exchange.database(ofShard: shard)).query(
          "select client_order_id, order_id from orders")
        for row in 0..<rows.count {
          stored[rows.text(row, 0), default: []].append(Int(rows.int64(row, 1)))
        }
      }
      return stored.count
    }
    // Tables follow.
    #expect(try eventually { try read() >= known.count })
    #expect(stored.count == known.count)
    let wrong = known.filter { stored[$0.key] != [$0.value] }
    #expect(wrong.isEmpty, "\(wrong.prefix(5))")

    // What was placed before the symbol ever moved has its first answer where it is now.
    for (index, client) in batches.clients.enumerated() {
      let orders = Batches.batch(index, 1)
      let again = client.call("POST", "/api/orders/batch", ["orders": orders])
      for (order, result) in zip(orders, Batches.results(again)) {
        let name = order["clientOrderId"] as? String ?? ""
        #expect(result["orderId"] as? Int == known[name], "\(name): \(again)")
        #expect(result["duplicate"] as? Bool == true)
      }
    }
    #expect(exchange.outcry("verify").status == 0)
  }
}
