import Foundation
import Postgres
import Synchronization
import TestSupport
import Testing

@Suite("The whole stack without its servers", .serialized)
struct OutageTests {
  private static let outage = 30.0
  /// How long after PostgreSQL is back everybody must be served again.
  private static let recovery = 10.0

  /// Redis goes first, for a while alone; then PostgreSQL; they come back in the same order.
  @Test("for half a minute each: refuses in words while it must, loses nothing, goes on by itself")
  func halfAMinute() throws {
    let postgres = TestPostgres()
    let redis = TestRedis()
    let database = postgres.newDatabase()
    let exchange = try Exchange(
      environment: ["OUTCRY_DATABASE": database, "OUTCRY_REDIS": redis.socket])
    let load = try SteadyTraders(exchange, traders: 4)
    defer { load.stop() }
    #expect(eventually { load.acknowledged >= 100 })

    let redisStopped = monotonicSeconds()
    redis.stop()
    wait(until: redisStopped + 5)
    let calm = load.acknowledged
    let postgresStopped = monotonicSeconds()
    postgres.stop(.fast)
    wait(until: postgresStopped + 10)
    try expectWords(exchange, load)
    wait(until: redisStopped + OutageTests.outage)
    redis.start()
    wait(until: postgresStopped + OutageTests.outage)
    let during = load.acknowledged
    postgres.start()
    let postgresBack = monotonicSeconds()
    let recovery = load.allowance(OutageTests.recovery)
    #expect(
      eventually(within: recovery) { load.acknowledged >= during + 100 },
      "orders are not taken again")
    #expect(
      eventually(within: recovery) {
        exchange.anyone().call("GET", "/ready").status == 200
      })
    load.stop()

    #expect(calm > 100, "without Redis nothing was traded")
    judge(load.attempts, from: postgresStopped, until: postgresBack + recovery)
    try expectEverything(acknowledgedBy: load, database)
    let newest = load.orders.values.map(\.sequence).max() ?? 0
    #expect(
      eventually { sequence(inDepthOf: "BTC-USD", redis) >= newest },
      "Redis was not told what happened: \(redis.command(["get", "{BTC-USD}:depth"]))")
    let (status, output) = exchange.outcry("verify", "BTC-USD")
    #expect(status == 0, "\(output)")
  }

  /// The next worker knows no credentials and cannot ask for them, so it never comes to ask the
  /// engine what became of the order.
  @Test("and without the worker that had an order: its outcome is unknown, until it is asked again")
  func workerGone() throws {
    let postgres = TestPostgres()
    let database = postgres.newDatabase()
    let exchange = try Exchange(
      environment: ["OUTCRY_DATABASE": database, "OUTCRY_WORKERS": "1"])
    let trader = try exchange.trader()
    #expect(trader.place("buy", "1", at: "100.00").status == 201)
    postgres.stop(.fast)
    let first = Mutex<(status: Int, code: String?)?>(nil)
    Thread {
      let answer = trader.place("buy", "1", at: "101.00", key: "unsure")
      first.withLock { $0 = (answer.status, answer.errorCode) }
    }.start()
    #expect(
      eventually {
        let metrics = ScrapedMetrics(exchange.anyone().call("GET", "/metrics").raw.body)
        return metrics.sum("outcry_engine_ring_depth", #"symbol="BTC-USD""#) == 1
      }, "the order never came to the engine")
    Glibc.kill(try #require(try exchange.living(.worker).first), SIGKILL)
    #expect(eventually { first.withLock { $0 } != nil })
    let told = try #require(first.withLock { $0 })
    #expect(told == (504, "outcome_unknown"), "\(told)")
    postgres.start()
    #expect(
      eventually {
        trader.place("buy", "1", at: "101.00", key: "unsure")["duplicate"] as? Bool == true
      }, "the order is not known any more")
  }

  private func wait(until time: Double) {
    while monotonicSeconds() < time { pause(microseconds: 20_000) }
  }

  /// What needs no database is served; what does says 503 and when to come back.
  private func expectWords(_ exchange: Exchange, _ load: SteadyTraders) throws {
    let anyone = exchange.anyone()
    #expect(anyone.call("GET", "/health").status == 200)
    #expect(anyone.call("GET", "/api/book/BTC-USD").status == 200)
    #expect(anyone.call("GET", "/api/symbols").status == 200)
    #expect(anyone.call("GET", "/ready").status == 503)
    for answer in [
      load.clients[0].call("GET", "/api/orders"),
      anyone.call("POST", "/api/register", ["name": "late", "password": "correct horse"]),
    ] {
      #expect(answer.status == 503, "\(answer)")
      #expect(answer.raw.header("Retry-After") != nil && answer.errorCode != nil, "\(answer)")
    }
  }

  /// Nobody was refused but while PostgreSQL was away, and nobody without a word.
  private func judge(_ attempts: [SteadyTraders.Attempt], from start: Double, until end: Double) {
    var refused = 0
    for attempt in attempts where ![200, 201].contains(attempt.status) {
      refused += 1
      let answer = "\(attempt.status) to what was sent at \(attempt.sent - start) s"
      #expect(attempt.answered >= start && attempt.answered <= end, "\(answer)")
      #expect([503, 504].contains(attempt.status), "\(answer)")
      #expect(attempt.status == 504 || attempt.retryAfter != nil, "\(answer)")
    }
    #expect(refused > 0, "PostgreSQL was away and nobody noticed")
  }

  private func expectEverything(acknowledgedBy load: SteadyTraders, _ database: String) throws {
    // Whoever reads after an answer sees what it told of: the tables have it.
    let read = load.clients[0].call("GET", "/api/orders?symbol=BTC-USD&limit=1")
    #expect(read.status == 200, "\(read)")
    let rows = try Connection(database).query(
      "select client_order_id, order_id, status from orders where client_order_id is not null")
    #expect(rows.count == load.orders.count)
    var found: [String: (order: Int64, status: Int64)] = [:]
    for row in 0..<rows.count {
      found[rows.text(row, 0)] = (rows.int64(row, 1), rows.int64(row, 2))
    }
    #expect(found.count == rows.count, "an order was executed twice")
    for (key, order) in load.orders {
      #expect(found[key]?.order == Int64(order.id), "\(key) was acknowledged and is lost")
      guard order.isCancelled else { continue }
      #expect(found[key]?.status == 4, "\(key): its cancel was acknowledged and is lost")
    }
  }

  private func sequence(inDepthOf symbol: String, _ redis: TestRedis) -> Int {
    let text = redis.command(["get", "{\(symbol)}:depth"])
    let json = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    return json?["sequence"] as? Int ?? 0
  }
}
