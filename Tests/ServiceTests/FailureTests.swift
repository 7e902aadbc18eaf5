import Foundation
import Postgres
import SharedMemory
import Synchronization
import TestSupport
import Testing

@Suite("A worker whose peers fail", .serialized, .timeLimit(.minutes(5)))
struct FailureTests {
  @Test("an engine that never takes the command: 503 at the deadline, and nothing was done")
  func engineAway() throws {
    let rig = try ServiceRig(deadlineMilliseconds: 1000)
    let trader = try rig.register("trader")
    let client = try rig.connect()
    let response = try client.request("POST", "/api/orders", body: order, parameters: trader)
    #expect(response.status == 503)
    #expect(response.headers["retry-after"] == "1")
    // Another worker had it before, which may have found the engine there.
    let earlier = trader.merging(["EARLIER_STATUS": "502"]) { $1 }
    let repeated = try client.request("POST", "/api/orders", body: order, parameters: earlier)
    #expect(repeated.status == 504 && repeated.code == "outcome_unknown")
    let body = Array(#"{"name":"trader","password":"a long password"}"#.utf8)
    let register = { try client.request("POST", "/api/register", body: body, parameters: $0) }
    #expect(try register([:]).status == 409)
    #expect(try register(["EARLIER_STATUS": "504"]).status == 504)
    // The engine that comes later finds nothing to do in the ring.
    let engine = try FakeEngine(rig.exchange, "BTC-USD", id: 1)
    defer { engine.stop() }
    #expect(try client.place(trader) == 201)
    #expect(engine.seen.withLock(\.count) == 1)
    #expect(rig.master.output.contains(#""code":"engine_away""#))
  }

  @Test("an engine that took the command and is silent: 504")
  func engineSilent() throws {
    let rig = try ServiceRig(deadlineMilliseconds: 1000)
    let engine = try FakeEngine(rig.exchange, "BTC-USD", id: 1) { _ in nil }
    defer { engine.stop() }
    let trader = try rig.register("trader")
    let response = try rig.connect().request(
      "POST", "/api/orders", body: order, parameters: trader)
    #expect(response.status == 504)
    #expect(response.code == "outcome_unknown")
  }

  @Test("a symbol without an engine does not keep the others from trading")
  func bulkhead() throws {
    let rig = try ServiceRig(deadlineMilliseconds: 3000)
    let engine = try FakeEngine(rig.exchange, "ETH-USD", id: 2)
    defer { engine.stop() }
    let trader = try rig.register("trader")
    _ = try rig.connect().get("/api/orders?symbol=AAPL", trader)
    let clients = try (0..<300).map { _ in try rig.connect() }
    let stuck = FastCGIClient.encode("POST", "/api/orders", body: order, parameters: trader)
    for client in clients { try client.send(stuck) }
    let other = String(decoding: order, as: UTF8.self).replacing("BTC", with: "ETH")
    let response = try rig.connect().request(
      "POST", "/api/orders", body: Array(other.utf8), parameters: trader)
    #expect(response.status == 201, "\(response.text)")
    let statuses = try clients.map { try $0.receive().status }
    #expect(statuses.allSatisfy { $0 == 503 })
  }

  @Test("a hundred logins do not delay an order")
  func hashingAside() throws {
    let rig = try ServiceRig()
    let engine = try FakeEngine(rig.exchange, "BTC-USD", id: 1)
    defer { engine.stop() }
    let trader = try rig.register("trader")
    let client = try rig.connect()
    #expect(try client.place(trader) == 201)
    let login = Array(#"{"name":"trader","password":"a long password"}"#.utf8)
    let crowd = try (0..<100).map { _ in try rig.connect() }
    let strain = Strain()
    defer { strain.stop() }
    for each in crowd { try each.send(FastCGIClient.encode("POST", "/api/login", body: login)) }
    var slowest = 0.0
    for _ in 0..<20 {
      let start = monotonicSeconds()
      let response = try client.request("POST", "/api/orders", body: order, parameters: trader)
      #expect(response.status == 201)
      slowest = max(slowest, monotonicSeconds() - start)
    }
    #expect(slowest < strain.allowance(0.3))
    let first = try crowd[0].receive()
    #expect(first.status == 200)
  }

  @Test("a token that was ended is refused, at once by its worker and soon by the others")
  func logout() throws {
    let rig = try ServiceRig()
    let engine = try FakeEngine(rig.exchange, "BTC-USD", id: 1)
    defer { engine.stop() }
    let trader = try rig.register("trader")
    let client = try rig.connect()
    #expect(try client.place(trader) == 201)
    #expect(try client.request("POST", "/api/logout", parameters: trader).status == 204)
    #expect(try client.place(trader) == 401)

    let second = try rig.register("second")
    #expect(try client.place(second) == 201)
    // As another worker would end it.
    try Connection(rig.database).run("delete from tokens")
    #expect(try eventually { try client.place(second) == 401 })
  }

  @Test("history waits for the tables to be as far as what was acknowledged")
  func readYourWrites() throws {
    let rig = try ServiceRig()
    let engine = try FakeEngine(rig.exchange, "BTC-USD", id: 1)
    defer { engine.stop() }
    let trader = try rig.register("trader")
    engine.setCommitted(7)
    engine.setProjected(6)
    let client = try rig.connect()
    let start = monotonicSeconds()
    #expect(try client.get("/api/orders?symbol=BTC-USD", trader).code == "history_behind")
    #expect(monotonicSeconds() - start > 2.8)
    try client.send(FastCGIClient.encode("GET", "/api/orders", parameters: trader))
    engine.setProjected(7)
    #expect(try client.receive().status == 200)
    #expect(try client.get("/api/orders?symbol=ETH-USD", trader).status == 200)
  }
}
