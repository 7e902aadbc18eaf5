import Foundation
import SharedMemory
import TestSupport
import Testing

@Suite("Orders through a worker", .serialized, .timeLimit(.minutes(5)))
struct OrderTests {
  @Test("a command travels with account, deadline and key, and its answer comes back as JSON")
  func place() throws {
    let rig = try ServiceRig()
    let engine = try FakeEngine(rig.exchange, "BTC-USD", id: 1)
    defer { engine.stop() }
    let trader = try rig.register("trader")
    let client = try rig.connect()
    let name = ["REQUEST_ID": "0123456789abcdef0123456789abcdef"]
    let response = try client.request(
      "POST", "/api/orders", body: order, parameters: trader.merging(name) { $1 })
    #expect(response.status == 201, "\(response.text)")
    #expect(response.field("price") as? String == "70000.00")
    #expect(response.field("quantity") as? String == "0.50000")
    #expect(response.field("status") as? String == "open")
    #expect(response.field("clientOrderId") == nil)
    let command = engine.seen.withLock { $0[0] }
    #expect(command.account == 1)
    #expect(command.deadline > 0)
    #expect(command.withKey { String(decoding: $0, as: UTF8.self) } == "~" + name["REQUEST_ID"]!)

    let keyed = Array(
      #"""
      {"symbol":"BTC-USD","side":"sell","type":"limit","price":"70000","quantity":"1",
       "clientOrderId":"a1"}
      """#.utf8)
    let second = try client.request(
      "POST", "/api/orders", body: keyed, parameters: trader.merging(name) { $1 })
    #expect(second.field("clientOrderId") as? String == "a1")
    let id = try #require(second.field("orderId") as? Int)
    let cancelled = try client.request("DELETE", "/api/orders/\(id)", parameters: trader)
    #expect(cancelled.status == 200)
    let amended = try client.request(
      "PATCH", "/api/orders/\(id)", body: Array(#"{"quantity":"0.4"}"#.utf8), parameters: trader)
    #expect(amended.status == 200)
    let kinds = engine.seen.withLock { $0.map(\.kind) }
    #expect(kinds == [CommandKind.place, .place, .cancel, .amend].map(\.rawValue))
  }

  @Test("a batch crosses the ring once and keeps each order's own answer")
  func batch() throws {
    let rig = try ServiceRig()
    let engine = try FakeEngine(rig.exchange, "BTC-USD", id: 1)
    let other = try FakeEngine(rig.exchange, "ETH-USD", id: 2)
    defer {
      engine.stop()
      other.stop()
    }
    let trader = try rig.register("trader")
    let one = { (symbol: String, price: String) in
      #"{"symbol":"\#(symbol)","side":"buy","type":"limit","price":"\#(price)","quantity":"1"}"#
    }
    let orders = (0..<200).map { index in
      let symbol = index == 7 || index % 2 == 0 ? "BTC-USD" : "ETH-USD"
      return one(symbol, index == 7 ? "1.001" : "\(index + 1)")
    }
    let body = Array(#"{"orders":[\#(orders.joined(separator: ","))]}"#.utf8)
    let response = try rig.connect().request(
      "POST", "/api/orders/batch", body: body, parameters: trader)
    #expect(response.status == 200)
    let results = try #require(response.field("results") as? [[String: Any]])
    #expect(results.count == 200)
    for (index, result) in results.enumerated() {
      if index == 7 {
        #expect((result["error"] as? [String: Any])?["code"] as? String == "tick_size")
      } else {
        #expect(result["price"] as? String == "\(index + 1).00")
        #expect(result["symbol"] as? String == (index % 2 == 0 ? "BTC-USD" : "ETH-USD"))
      }
    }
    #expect(engine.seen.withLock(\.count) == 100)
    #expect(other.seen.withLock(\.count) == 99)
  }

  @Test("a batch that was answered leaves nothing behind in the worker")
  func batchMemory() throws {
    let rig = try ServiceRig()
    let engine = try FakeEngine(rig.exchange, "BTC-USD", id: 1)
    defer { engine.stop() }
    let trader = try rig.register("trader")
    let client = try rig.connect()
    let one = String(decoding: order, as: UTF8.self)
    let list = Array(repeating: one, count: 500).joined(separator: ",")
    let body = Array(#"{"orders":[\#(list)]}"#.utf8)
    let worker = try #require(rig.master.children.first)
    func send(_ count: Int) throws {
      for _ in 0..<count {
        let path = "/api/orders/batch"
        let status = try client.request("POST", path, body: body, parameters: trader).status
        try #require(status == 200)
      }
    }
    // Buffers grow to what a batch needs.
    try send(20)
    let before = ProcessTree.residentBytes(of: worker)
    try send(150)
    let grown = ProcessTree.residentBytes(of: worker) - before
    #expect(grown < 16 << 20, "150 batches left \(grown) bytes")
  }

  @Test("bad requests get the contract's status and reach no engine")
  func refusals() throws {
    let rig = try ServiceRig()
    let engine = try FakeEngine(rig.exchange, "BTC-USD", id: 1)
    defer { engine.stop() }
    let trader = try rig.register("trader")
    let client = try rig.connect()
    let field = { (change: String) in
      Array(
        #"{"symbol":"BTC-USD","side":"buy","type":"limit","price":"1","quantity":"1",\#(change)}"#
          .utf8)
    }
    let cases: [(String, String, [UInt8], [String: String], Int)] = [
      ("POST", "/api/orders", order, [:], 401),
      ("POST", "/api/orders", order, ["HTTP_AUTHORIZATION": "Bearer nonsense"], 401),
      ("POST", "/api/orders", Array("{".utf8), trader, 400),
      ("POST", "/api/orders", [0x7b, 0x22, 0xff, 0x22, 0x7d], trader, 400),
      ("POST", "/api/orders", field(#""colour":"red""#), trader, 400),
      ("POST", "/api/orders", field(#""price":"0.001""#), trader, 400),
      ("POST", "/api/orders", Array(repeating: 0x20, count: 1 << 20 + 1), trader, 413),
      ("PUT", "/api/orders", order, trader, 405),
      ("GET", "/api/nothing", [], trader, 404),
      ("DELETE", "/api/orders/99", [], trader, 404),
      ("GET", "/api/orders/99", [], trader, 404),
      ("GET", "/api/orders/1099511627777", [], trader, 404),
      ("DELETE", "/api/orders/abc", [], trader, 404),
      ("GET", "/api/book/NONE", [], [:], 404),
      ("GET", "/api/book/BTC-USD?depth=0", [], [:], 400),
      ("GET", "/api/orders?status=odd", [], trader, 400),
      ("GET", "/api/fills?before=5", [], trader, 400),
      ("POST", "/api/register", Array(#"{"name":"x"}"#.utf8), [:], 400),
      ("POST", "/api/login", Array(#"{"name":"trader","password":"wrong pass"}"#.utf8), [:], 401),
    ]
    for (method, path, body, parameters, status) in cases {
      let response = try client.request(method, path, body: body, parameters: parameters)
      #expect(response.status == status, "\(method) \(path): \(response.text)")
      #expect(response.code != nil, "\(method) \(path): \(response.text)")
    }
    #expect(engine.seen.withLock(\.count) == 0)
    #expect(rig.master.output.contains("child died") == false)
  }

  @Test("a worker answers from shared memory what it can")
  func market() throws {
    let rig = try ServiceRig()
    let engine = try FakeEngine(rig.exchange, "BTC-USD", id: 1)
    defer { engine.stop() }
    engine.publish(bids: [(7_000_000, 50_000)], asks: [(7_000_100, 1)], sequence: 42)
    engine.setCommitted(42)
    let client = try rig.connect()
    let book = try client.get("/api/book/BTC-USD?depth=5")
    #expect(book.field("sequence") as? Int == 42)
    #expect((book.field("bids") as? [[String]]) == [["70000.00", "0.50000"]])
    #expect((book.field("asks") as? [[String]]) == [["70001.00", "0.00001"]])
    // A book that was written before is written again when it is another one.
    for (sequence, price) in [(42, "70000.00"), (43, "70000.01"), (44, "70000.02")] {
      let cents = Int64(7_000_000 + sequence - 42)
      let bids: [(Int64, Int64)] = [(cents, 50_000), (6_000_000, 1)]
      engine.publish(bids: bids, asks: [], sequence: UInt64(sequence))
      for _ in 0..<2 {
        for depth in [1, 33] {
          let book = try client.get("/api/book/BTC-USD?depth=\(depth)")
          let bids = book.field("bids") as? [[String]] ?? []
          #expect(book.field("sequence") as? Int == sequence)
          #expect(bids.first == [price, "0.50000"] && bids.count == min(depth, 2))
        }
      }
    }
    #expect(try client.get("/api/book/ETH-USD").status == 503)
    let symbols = try client.get("/api/symbols")
    #expect((symbols.field("symbols") as? [Any])?.count == 5)
    #expect(try client.get("/api/symbols/AAPL").field("tickSize") as? String == "0.01")
    let ready = try client.get("/ready")
    #expect(ready.status == 503)
    #expect(ready.text.contains("engine ETH-USD"))
    #expect(ready.text.contains(#"{"name":"redis","ok":true}"#))
    #expect(ready.text.contains(#"{"name":"engine BTC-USD","ok":true}"#))
  }

  @Test("readiness wants one of Redis' nodes, and a cluster that works")
  func readyRedis() throws {
    let node = TestRedis(isInCluster: true)
    func isReady(_ redis: String, within seconds: Double = 30) throws -> Bool {
      let rig = try ServiceRig(settings: ["OUTCRY_REDIS": redis])
      return try eventually(within: seconds) {
        try rig.connect().get("/ready").text.contains(#"{"name":"redis","ok":true}"#)
      }
    }
    let server = TestRedis()
    #expect(try isReady("127.0.0.1:\(freePort()) 127.0.0.1:\(server.port)"))
    #expect(try !isReady("127.0.0.1:\(node.port)", within: 5), "a node that nobody has met")
    #expect(try !isReady(node.socket, within: 5))
    #expect(node.command(["cluster", "addslotsrange", "0", "16383"]) == "OK")
    #expect(try isReady("127.0.0.1:\(node.port)"))
  }
}
