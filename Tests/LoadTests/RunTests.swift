import Load
import Synchronization
import TestSupport
import Testing

/// The generator against a server that misbehaves.
@Suite("A load", .serialized)
struct RunTests {
  private func plan(_ pace: Pace, seconds: Double = 1, clients: Int = 8) -> Plan {
    var plan = Plan(profile: "test", summary: "", pace: pace)
    plan.isEcho = true
    plan.seconds = seconds
    plan.clients = clients
    plan.timeout = 10
    return plan
  }

  private func run(
    _ plan: Plan, _ action: @escaping @Sendable (Int, String) -> FakeServer.Action
  ) throws -> (result: LoadResult, record: OrderRecord, server: FakeServer, seconds: Double) {
    let server = FakeServer(action)
    defer { server.stop() }
    let start = monotonicSeconds()
    let outcome = try LoadRun(plan, target: Target(url: server.url)).run(
      LoadRun.Watcher(
        progress: { _, _ in }, note: { _ in },
        wait: { pause(microseconds: 1000 * Int(min($0, 10))) },
        isStopped: { false }))
    return (outcome.result, outcome.record, server, monotonicSeconds() - start)
  }

  @Test("in an open loop shows a stall to every request it delayed, not to a few")
  func coordinatedOmission() throws {
    let (result, _, server, _) = try run(plan(.open(rate: 1000, spike: nil), seconds: 1.5)) {
      number, _ in
      number == 500
        ? .stall(microseconds: 400_000, FakeServer.order) : .answer(FakeServer.order)
    }
    #expect(result.requests == 1500)
    #expect(server.requests == 1500)
    #expect(result.errorCount == 0)
    // 400 requests were due while the server stood still; 300 of them waited over 100 ms.
    let delayed = result.latency.count(above: 100_000_000)
    #expect(delayed >= 250, "\(delayed) saw the stall")
    #expect(result.latency.quantile(0.9) > 150_000_000)
    // Measured from the moment of sending only those under way would have seen it.
    #expect(result.service.count(above: 100_000_000) <= 8)
    #expect(result.service.quantile(0.9) < 100_000_000)
  }

  @Test("in a closed loop has one request a client under way, and counts all of them")
  func closed() throws {
    let (result, _, server, _) = try run(plan(.closed, seconds: 0.5, clients: 5)) { _, _ in
      .answer(FakeServer.order)
    }
    #expect(server.mostRequestsAtOnce <= 5)
    #expect(result.answered == UInt64(server.requests))
    #expect(result.orders == result.answered && result.answered > 100)
    #expect(result.errorCount == 0)
    #expect(result.requests == result.answered)
  }

  @Test("of several threads shares clients and rate")
  func threads() throws {
    var shared = plan(.open(rate: 500, spike: nil), clients: 7)
    shared.threads = 3
    let (result, _, server, _) = try run(shared) { _, _ in .answer(FakeServer.order) }
    #expect(result.requests == 500 && server.requests == 500)
  }

  @Test("gives up a request that is not answered, and goes on")
  func silence() throws {
    var patient = plan(.open(rate: 200, spike: nil))
    patient.timeout = 1
    let (result, _, _, seconds) = try run(patient) { number, _ in
      number % 50 == 0 ? .silence : .answer(FakeServer.order)
    }
    #expect(result.errors["timeout"] == 4)
    #expect(result.answered == 196)
    // What was given up counts with the time it had waited.
    #expect(result.latency.count == 200 && result.latency.max >= 1_000_000_000)
    #expect(seconds < 20)
  }

  @Test("counts connections that break under a request, and makes new ones")
  func breaks() throws {
    let (result, _, _, _) = try run(plan(.open(rate: 200, spike: nil))) { number, _ in
      number % 40 == 0 ? .close : .answer(FakeServer.order)
    }
    #expect(result.errors["closed"] == 5)
    #expect(result.answered == 195)
  }

  @Test("goes on when the server ends connections in between, without an error")
  func politeClosing() throws {
    let (result, _, _, _) = try run(plan(.open(rate: 200, spike: nil))) { _, _ in
      .answer(FakeServer.answer("200 OK", #"{"orderId":1}"#, "Connection: close\r\n"))
    }
    #expect(result.answered == 200)
    #expect(result.errorCount == 0, "\(result.errors)")
  }

  @Test("ends when the server is gone, and says what never came")
  func vanished() throws {
    var brief = plan(.open(rate: 500, spike: nil))
    brief.timeout = 0.5
    let (result, _, _, seconds) = try run(brief) { number, _ in
      number == 100 ? .vanish : .answer(FakeServer.order)
    }
    #expect(result.requests == 500)
    #expect(result.answered < 200)
    #expect(result.errors["connect"] > 0)
    #expect(result.answered + result.errors["closed"] + result.unsent == 500)
    #expect(result.errorCount >= 300)
    #expect(seconds < 20)
  }

  @Test("tells refusals, errors and answers that are no HTTP apart")
  func statuses() throws {
    let (result, _, _, _) = try run(plan(.open(rate: 100, spike: nil))) { number, _ in
      switch number % 5 {
      case 0: .answer(FakeServer.answer("422 X", #"{"error":{"code":"no_liquidity"}}"#))
      case 1: .answer(FakeServer.answer("503 X", #"{"error":{"code":"ring_full"}}"#))
      case 2: .answer("SSH-2.0-nobody at home\r\n\r\n")
      case 3: .split(FakeServer.order)
      default: .answer(FakeServer.answer("429 X", "slow down"))
      }
    }
    #expect(result.refused["no_liquidity"] == 20)
    #expect(result.errors["503 ring_full"] == 20)
    #expect(result.errors["429"] == 20)
    #expect(result.errors["broken answer"] == 20)
    #expect(result.orders == 20)
  }

  @Test("counts each order of a batch, and keeps what became of it")
  func batches() throws {
    var batch = plan(.open(rate: 50, spike: nil), clients: 2)
    batch.mix = [(.batch, 1)]
    batch.batch = 3
    batch.keepsRecord = true
    let (result, record, _, _) = try run(batch) { number, request in
      // Keys are numbered through.
      let keys = request.split(separator: "clientOrderId\":\"").count - 1
      let first = #"{"orderId":\#(10 * number),"fills":[{"counterOrderId":5}]}"#
      let second = keys == 3 ? #"{"error":{"code":"tick_size"}}"# : "null"
      let third = #"{"orderId":\#(10 * number + 1),"fills":[]}"#
      return .answer(
        FakeServer.answer("200 OK", #"{"results":[\#(first),\#(second),\#(third)]}"#))
    }
    #expect(result.answered == 50)
    #expect(result.orders == 100)
    #expect(result.refused["tick_size"] == 50)
    #expect(record.entries.count == 150)
    #expect(Set(record.entries.map(record.key)).count == 150)
    #expect(record.entries.count { $0.fate == .refused } == 50)
    #expect(Array(record.entries.prefix(3).map(\.fate)).contains(.acknowledged(id: 11)))
  }

  @Test("calls it an error when a batch is told of trouble for one of its orders")
  func troubledBatches() throws {
    var batch = plan(.open(rate: 50, spike: nil), clients: 2)
    batch.mix = [(.batch, 1)]
    batch.batch = 2
    batch.keepsRecord = true
    let (result, record, _, _) = try run(batch) { number, _ in
      let code = number % 2 == 0 ? "busy" : "outcome_unknown"
      let trouble = #"{"error":{"code":"\#(code)"}}"#
      return .answer(
        FakeServer.answer("200 OK", #"{"results":[\#(trouble),{"orderId":\#(number + 1)}]}"#))
    }
    #expect(result.orders == 50 && result.refused.total == 0)
    #expect(result.errors["batch busy"] == 25 && result.errors["batch outcome_unknown"] == 25)
    // It may be there, or not.
    #expect(record.entries.count { $0.fate == .unknown } == 50)
  }

  @Test("of the profile `exchange` has the orders it says")
  func orders() throws {
    var market = try #require(Plan.named("exchange"))
    market.isEcho = true
    market.pace = .open(rate: 1000, spike: nil)
    market.seconds = 1
    let bodies = Mutex<[String]>([])
    _ = try run(market) { _, request in
      bodies.withLock { $0.append(String(request.split(separator: "\r\n\r\n").last ?? "")) }
      return .answer(FakeServer.order)
    }
    let orders = try bodies.withLock { try $0.map { try JSON(parsing: $0) } }
    #expect(orders.count == 1000)
    let limits = orders.filter { $0["type"]?.text == "limit" }
    #expect((630...770).contains(limits.count), "\(limits.count) of 1,000 are limit orders")
    #expect((400...600).contains(orders.count { $0["side"]?.text == "buy" }))
    func span(_ orders: [JSON], _ name: String) -> (Double, Double) {
      let values = orders.compactMap { $0[name]?.text.flatMap(Double.init) }
      return (values.min() ?? 0, values.max() ?? 0)
    }
    let (cheapest, dearest) = span(limits, "price")
    #expect(cheapest >= 68_000 && cheapest < 68_100 && dearest > 71_900 && dearest <= 72_000)
    let (least, most) = span(orders, "quantity")
    #expect(least >= 0.01 && least < 0.02 && most > 0.48 && most <= 0.5)
  }

  @Test("leaves its first moments out when it is told to warm up")
  func warmUp() throws {
    var warm = plan(.open(rate: 200, spike: nil))
    warm.warmUp = 0.5
    let (result, _, server, _) = try run(warm) { _, _ in .answer(FakeServer.order) }
    #expect(server.requests == 300)
    #expect(result.requests == 200)
  }

  @Test("that climbs stops where latency breaks, and names the last rate that held")
  func ramp() throws {
    var climb = plan(.open(rate: 1, spike: nil), clients: 64)
    climb.ramp = Plan.Ramp()
    climb.ramp?.start = 50
    climb.ramp?.factor = 2
    climb.ramp?.stepSeconds = 0.5
    climb.timeout = 1
    // Two milliseconds a request: 500 a second are too many.
    let (result, _, _, _) = try run(climb) { _, _ in
      .stall(microseconds: 2000, FakeServer.order)
    }
    let knee = try #require(result.knee)
    #expect(knee >= 50 && knee <= 400, "\(result.steps.map(\.line))")
    #expect(result.steps.last?.holds == false)
    #expect(result.steps.dropLast().allSatisfy { $0.holds })
  }

  @Test("has nobody to talk to: an error at once")
  func nobody() {
    #expect(throws: Target.Failure.self) { try Target(url: "http://127.0.0.1:\(freePort())") }
    #expect(throws: Target.Failure.self) { try Target(url: "https://127.0.0.1") }
    #expect(throws: Target.Failure.self) { try Target(url: "http://nowhere.invalid:80") }
  }

  @Test("without accounts reports why, and asks nothing more")
  func registrations() throws {
    let symbols = #"{"symbols":[{"symbol":"X","tickSize":"0.01","lotSize":"1"}]}"#
    var real = plan(.closed)
    real.isEcho = false
    real.accounts = 3
    let (result, _, _, seconds) = try run(real) { _, request in
      request.hasPrefix("GET")
        ? .answer(FakeServer.answer("200 OK", symbols))
        : .answer(FakeServer.answer("409 Conflict", #"{"error":{"code":"name_taken"}}"#))
    }
    #expect(result.registrations.asked == 3 && result.registrations.made == 0)
    #expect(result.registrations.failed["name_taken"] == 3)
    #expect(result.errorCount == 3 && result.answered == 0)
    #expect(seconds < 10)
  }

  @Test("merged with that of another machine is the sum of both")
  func merging() throws {
    let one = try run(plan(.open(rate: 300, spike: nil))) { _, _ in .answer(FakeServer.order) }
      .result
    let two = try run(plan(.open(rate: 100, spike: nil))) { _, _ in .answer(FakeServer.order) }
      .result
    let read = try #require(LoadResult(try JSON(parsing: two.json.written)))
    let both = try LoadResult.merged([one, read])
    var latency = one.latency
    latency += two.latency
    #expect(both.latency == latency)
    #expect(both.answered == 400 && both.requests == 400 && both.clients == 16)
    #expect(both.offered == 400)
    #expect(both.seconds == max(one.seconds, read.seconds))
    #expect(throws: LoadResult.MergeFailure.self) { try LoadResult.merged([one, one]) }
  }
}
