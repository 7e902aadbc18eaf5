import Foundation
import SharedMemory
import TestSupport
import Testing

@Suite("A worker of one shard among several", .serialized, .timeLimit(.minutes(5)))
struct ShardTests {
  private func rig() throws -> ServiceRig {
    try ServiceRig(deadlineMilliseconds: 2500, settings: ["OUTCRY_SHARDS": "a:1 b:1 c:1"])
  }

  /// Lets the directory say that the symbol is there now.
  private func put(_ id: UInt32, at shard: UInt32, in rig: ServiceRig) throws {
    var symbol = try #require(rig.exchange.symbol(id: id))
    symbol.shard = shard
    try rig.exchange.add(symbol)
  }

  private func isSentOn(_ response: FastCGIClient.Response, to shard: Int, hops: Int = 1) -> Bool {
    response.headers["x-accel-redirect"] == "@shard"
      && response.headers["x-outcry-shard"] == "\(shard)"
      && response.headers["x-outcry-hops"] == "\(hops)" && response.body.isEmpty
  }

  @Test("what names another shard's symbol is sent on, by path, query, body or order id")
  func sentOn() throws {
    let rig = try rig()
    try put(1, at: 2, in: rig)
    let trader = try rig.register("trader")
    let id = UInt64(1) << 40 | 5
    let cases: [(String, String, [UInt8])] = [
      ("POST", "/api/orders", order), ("DELETE", "/api/orders/\(id)", []),
      ("PATCH", "/api/orders/\(id)", Array(#"{"price":"1"}"#.utf8)),
      ("GET", "/api/orders/\(id)", []), ("DELETE", "/api/orders?symbol=BTC-USD", []),
      ("GET", "/api/orders?symbol=BTC-USD", []), ("GET", "/api/fills?symbol=BTC-USD", []),
      ("GET", "/api/book/BTC-USD", []), ("GET", "/api/trades/BTC-USD", []),
      ("GET", "/api/ticker/BTC-USD", []), ("GET", "/api/candles/BTC-USD?interval=1m", []),
    ]
    let client = try rig.connect()
    for (method, path, body) in cases {
      let response = try client.request(method, path, body: body, parameters: trader)
      #expect(isSentOn(response, to: 2), "\(method) \(path): \(response)")
    }
    // What every shard knows, and who is wrong anyway.
    #expect(try client.get("/api/symbols/BTC-USD").field("shard") as? Int == 2)
    #expect(try client.request("POST", "/api/orders", body: order).status == 401)
  }

  @Test("what was sent on waits where it arrived, and gets a 503 when its symbol never comes")
  func noLoop() throws {
    let rig = try rig()
    try put(1, at: 2, in: rig)
    let trader = try rig.register("trader")
    func place(_ hops: Int) throws -> FastCGIClient.Response {
      try rig.connect().request(
        "POST", "/api/orders", body: order,
        parameters: trader.merging(["OUTCRY_HOPS": "\(hops)"]) { $1 })
    }
    // Two that disagree get a second to agree; then the directory is believed once more.
    #expect(isSentOn(try place(1), to: 2, hops: 2))
    let last = try place(3)
    #expect(last.status == 503 && last.code == "elsewhere", "\(last)")
  }

  @Test("a batch's part at a shard that is away: nothing was done, unless a worker before tried")
  func batchAway() throws {
    let nobody = "127.0.0.1:\(freePort())"
    let rig = try ServiceRig(
      deadlineMilliseconds: 5000, settings: ["OUTCRY_SHARDS": "\(nobody) \(nobody)"])
    try put(2, at: 1, in: rig)
    let engine = try FakeEngine(rig.exchange, "BTC-USD", id: 1)
    defer { engine.stop() }
    let trader = try rig.register("trader")
    let own = String(decoding: order, as: UTF8.self)
    let body = "{\"orders\":[\(own),\(own.replacing("BTC", with: "ETH"))]}"
    let client = try rig.connect()
    for (earlier, code) in [
      (nil, "shard_away"), ("502", "outcome_unknown"), ("502 : 504", "outcome_unknown"),
      ("200", "shard_away"),
    ] as [(String?, String)] {
      var parameters = trader
      parameters["EARLIER_STATUS"] = earlier
      let answer = try client.request(
        "POST", "/api/orders/batch", body: Array(body.utf8), parameters: parameters)
      #expect(answer.status == 200, "\(answer.text)")
      let results = try #require(answer.field("results") as? [[String: Any]])
      #expect(results.count == 2 && results[0]["status"] as? String == "open", "\(answer.text)")
      let error = try #require(results[1]["error"] as? [String: Any])
      #expect(error["code"] as? String == code, "\(answer.text)")
    }
  }

  @Test("a request that waits for an engine is sent on when its symbol leaves")
  func leaving() throws {
    let rig = try rig()
    let trader = try rig.register("trader")
    let found = Slot()
    let socket = rig.socket
    let client = Thread {
      let client = try? FastCGIClient(path: socket)
      found.set(
        try? client?.request("POST", "/api/orders", body: order, parameters: trader))
    }
    client.start()
    let segment = try SymbolSegment.openOrCreate(rig.instance, symbolName: "BTC-USD", id: 1)
    #expect(eventually { segment.ring.depth == 1 })
    try put(1, at: 1, in: rig)
    #expect(eventually { found.get() != nil })
    let response = try #require(found.get())
    #expect(isSentOn(response, to: 1), "\(response)")
    // The engine that comes when the symbol is back finds nothing to do.
    let engine = try FakeEngine(rig.exchange, "BTC-USD", id: 1)
    defer { engine.stop() }
    try put(1, at: 0, in: rig)
    #expect(try rig.connect().place(trader) == 201)
    #expect(engine.seen.withLock(\.count) == 1)
  }
}

/// What another thread found.
private final class Slot: @unchecked Sendable {
  private let lock = NSLock()
  private var value: FastCGIClient.Response?

  func set(_ new: FastCGIClient.Response?) { lock.withLock { value = new } }
  func get() -> FastCGIClient.Response? { lock.withLock { value } }
}
