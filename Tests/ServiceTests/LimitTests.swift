import Foundation
import SharedMemory
import TestSupport
import Testing

@Suite("Rate limits of accounts", .serialized, .timeLimit(.minutes(5)))
struct LimitTests {
  @Test("hold for all processes together, and say when to come back")
  func requests() throws {
    let rig = try ServiceRig(settings: ["OUTCRY_WORKERS": "3", "OUTCRY_ACCOUNT_RATE": "50"])
    let engine = try FakeEngine(rig.exchange, "BTC-USD", id: 1)
    defer { engine.stop() }
    let trader = try rig.register("trader")
    let other = try rig.register("other")
    let clients = try (0..<12).map { _ in try rig.connect() }
    let start = monotonicSeconds()
    var admitted = 0
    var refused = 0
    for round in 0..<30 {
      for client in clients {
        let response = try client.request(
          "POST", "/api/orders", body: order, parameters: trader)
        if response.status == 201 {
          admitted += 1
          continue
        }
        refused += 1
        #expect(response.status == 429)
        #expect(response.code == "rate_limit")
        #expect(response.headers["retry-after"] == "1", "round \(round)")
      }
    }
    let seconds = monotonicSeconds() - start
    #expect(admitted >= 50)
    #expect(Double(admitted) <= 50 * (seconds + 1) + 1)
    #expect(try clients[0].place(other) == 201)
    // What needs no account needs no leave.
    #expect(try clients[0].get("/health").status == 200)
    #expect(eventually { rig.exchange.pool[.limited] == UInt64(refused) })
    #expect(eventually { rig.exchange.pool[.serving] == 3 })
  }

  @Test("count the orders of a batch one by one, all or none")
  func orders() throws {
    let rig = try ServiceRig(settings: ["OUTCRY_ACCOUNT_ORDERS": "10"])
    let engine = try FakeEngine(rig.exchange, "BTC-USD", id: 1)
    defer { engine.stop() }
    let trader = try rig.register("trader")
    let client = try rig.connect()
    func batch(_ count: Int) throws -> Int {
      let text = String(decoding: order, as: UTF8.self)
      let body = "{\"orders\":[\(Array(repeating: text, count: count).joined(separator: ","))]}"
      return try client.request(
        "POST", "/api/orders/batch", body: Array(body.utf8), parameters: trader
      ).status
    }
    #expect(try batch(8) == 200)
    #expect(try batch(8) == 429)
    #expect(engine.seen.withLock(\.count) == 8)
    #expect(try client.get("/api/orders", trader).status == 200)
  }
}

@Suite("The figures of a pool of workers", .serialized, .timeLimit(.minutes(5)))
struct FigureTests {
  @Test("count every request, across a reload and the death of the master")
  func counting() throws {
    let rig = try ServiceRig(settings: ["OUTCRY_WORKERS": "2", "OUTCRY_SLOW_REQUEST_MS": "20"])
    let pool = rig.exchange.pool
    // Those with which the rig waited for the pool.
    #expect(eventually { pool[.requests] > 0 && pool[.idle] == 2 })
    let (before, slowBefore) = (pool[.requests], pool[.slow])
    // On a busy machine some do take so long; then their client has seen it.
    var slow: UInt64 = 0
    func ask(_ count: Int) throws {
      let client = try rig.connect()
      for _ in 0..<count {
        let start = monotonicSeconds()
        #expect(try client.get("/health").status == 200)
        if monotonicSeconds() - start > 0.02 { slow += 1 }
      }
    }
    try ask(100)
    #expect(eventually { pool[.requests] == before + 100 })
    #expect(pool[.accepted] >= 2)
    #expect(pool[.backlog] > 0)
    #expect(pool[.slow] <= slowBefore + slow)
    let slowAfter = pool[.slow]
    // A password hash takes longer than 20 ms.
    let trader = try rig.register("trader")
    #expect(eventually { pool[.slow] > slowAfter })
    // An order whose engine is away is under way until its deadline.
    try FakeEngine(rig.exchange, "BTC-USD", id: 1).stop()
    let waiting = try rig.connect()
    try waiting.send(
      FastCGIClient.encode("POST", "/api/orders", body: order, parameters: trader))
    #expect(eventually { pool[.mostActive] >= 1 && pool[.mostUnderWay] >= 1 })
    #expect(try waiting.receive().status == 503)

    let counted = pool[.requests]
    rig.master.kill(SIGHUP)
    #expect(eventually { pool[.reloads] == 1 && pool[.outdated] == 0 })
    // Whoever still drains answers one request on a new connection, and then closes it.
    #expect(eventually { pool[.serving] == 2 && pool[.draining] == 0 })
    try ask(50)
    #expect(eventually { pool[.requests] == counted + 50 })
    #expect(pool[.died] == 0)

    let victim = try #require(rig.master.children.first)
    kill(victim, SIGKILL)
    #expect(eventually { pool[.died] == 1 && pool[.serving] == 2 })
    #expect(pool[.requests] >= counted + 50)
  }
}
