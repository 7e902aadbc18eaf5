import Foundation
import SharedMemory
import TestSupport
import Testing

@Suite("A worker's figures and traces", .serialized, .timeLimit(.minutes(5)))
struct FiguresTests {
  private let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

  private func scrape(_ rig: ServiceRig) throws -> ScrapedMetrics {
    let answer = try rig.connect().get("/metrics")
    #expect(answer.status == 200)
    #expect(answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
    return ScrapedMetrics(answer.text)
  }

  @Test("N orders raise the counters by N, and every refusal is counted under its code")
  func counts() throws {
    let rig = try ServiceRig()
    let engine = try FakeEngine(rig.exchange, "BTC-USD", id: 1)
    defer { engine.stop() }
    let trader = try rig.register("trader")
    let before = try scrape(rig)
    let client = try rig.connect()
    for _ in 0..<25 { #expect(try client.place(trader) == 201) }
    for _ in 0..<3 { _ = try client.request("POST", "/api/orders", body: [1], parameters: trader) }
    #expect(try client.get("/api/nothing").code == "unknown_path")
    var after = before
    func grown(_ name: String, _ labels: String...) -> Double {
      let sum = { (metrics: ScrapedMetrics) in
        metrics.samples.filter { key, _ in
          key.hasPrefix(name + "{") && labels.allSatisfy(key.contains) || key == name
        }.values.reduce(0, +)
      }
      return sum(after) - sum(before)
    }
    // An answer is counted when it has been sent.
    #expect(
      try eventually {
        after = try scrape(rig)
        return grown("outcry_worker_reply_duration_seconds_count") == 25
          && grown("outcry_rejects_total") == 4
      })
    #expect(after.problems.isEmpty, "\(after.problems)")
    #expect(grown("outcry_http_requests_total", #"route="place_order",status="201""#) == 25)
    #expect(grown("outcry_http_requests_total", #"route="place_order",status="400""#) == 3)
    #expect(grown("outcry_http_requests_total", #"route="unknown",status="404""#) == 1)
    #expect(grown("outcry_rejects_total", #"code="unknown_path""#) == 1)
    let request = "outcry_http_request_duration_seconds"
    #expect(grown("\(request)_count", #"class="order",status="2xx""#) == 25)
    #expect(grown("\(request)_count", #"class="order",status="4xx""#) == 3)
    // Only what went through an engine has these stages.
    #expect(grown("outcry_worker_intake_duration_seconds_count") == 25)
    #expect(after["outcry_database_pool_size"] == 3)
    #expect(try #require(after["outcry_database_connections"]) >= 1)
    #expect(after.sum("outcry_processes", #"role="worker""#) == 1)
  }

  @Test("a trace goes into the command and comes back on the answer")
  func traced() throws {
    let rig = try ServiceRig()
    let engine = try FakeEngine(rig.exchange, "BTC-USD", id: 1)
    defer { engine.stop() }
    var parameters = try rig.register("trader")
    let client = try rig.connect()
    #expect(
      try client.request("POST", "/api/orders", body: order, parameters: parameters)
        .headers["traceparent"] == nil)
    parameters["HTTP_TRACEPARENT"] = traceparent
    parameters["REQUEST_ID"] = "0123456789abcdef0011223344556677"
    let answer = try client.request("POST", "/api/orders", body: order, parameters: parameters)
    #expect(answer.status == 201)
    #expect(
      answer.headers["traceparent"] == "00-4bf92f3577b34da6a3ce929d0e0e4736-0011223344556677-01")
    parameters["HTTP_TRACEPARENT"] = "garbage"
    let other = try client.request("POST", "/api/orders", body: order, parameters: parameters)
    #expect(
      other.headers["traceparent"] == "00-0123456789abcdef0011223344556677-0011223344556677-00")
    let commands = engine.seen.withLock { $0 }
    let first = commands.map { withUnsafeBytes(of: $0.trace_id) { $0[0] } }
    #expect(first == [0, 0x4b, 0x01])
    let missing = try client.get("/nothing", ["HTTP_TRACEPARENT": traceparent])
    #expect(missing.headers["traceparent"]?.contains("4bf92f3577b34da6a3ce929d0e0e4736") == true)
  }

  @Test("a slow request is logged with its ids and where the time went")
  func slow() throws {
    let rig = try ServiceRig(deadlineMilliseconds: 1500)
    // Takes the request and never answers it.
    let engine = try FakeEngine(rig.exchange, "BTC-USD", id: 1) { _ in nil }
    defer { engine.stop() }
    var parameters = try rig.register("trader")
    parameters["HTTP_TRACEPARENT"] = traceparent
    parameters["REQUEST_ID"] = "0123456789abcdef0011223344556677"
    let answer = try rig.connect().request(
      "POST", "/api/orders", body: order, parameters: parameters)
    #expect(answer.status == 504)
    // On a busy machine the registration may be a slow request too.
    func line(_ message: String) -> [String: Any]? {
      rig.master.output.split(separator: "\n").lazy.compactMap {
        try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
      }.first {
        $0["message"] as? String == message
          && $0["requestId"] as? String == parameters["REQUEST_ID"]
      }
    }
    #expect(eventually { line("slow request") != nil })
    let slow = try #require(line("slow request"))
    #expect(slow["program"] as? String == "worker")
    #expect(slow["symbol"] as? String == "BTC-USD")
    #expect(slow["traceId"] as? String == "4bf92f3577b34da6a3ce929d0e0e4736")
    #expect(try #require(slow["milliseconds"] as? Double) >= 1400)
    #expect(try #require(slow["intakeMilliseconds"] as? Double) < 1000)
    #expect(eventually { line("request failed") != nil })
    let failed = try #require(line("request failed"))
    #expect(failed["traceId"] as? String == "4bf92f3577b34da6a3ce929d0e0e4736")
    #expect(failed["status"] as? Int == 504)
  }

  @Test("the figures answer while the database does not, and say so")
  func withoutDatabase() throws {
    let rig = try ServiceRig()
    _ = try rig.register("trader")
    #expect(try rig.connect().get("/metrics").status == 200)
    // All of the database's threads are busy with requests that wait for tables that never come.
    let engine = try FakeEngine(rig.exchange, "BTC-USD", id: 1)
    defer { engine.stop() }
    engine.setCommitted(5)
    let clients = try (0..<8).map { _ in try rig.connect() }
    for client in clients {
      try client.send(
        FastCGIClient.encode(
          "GET", "/api/trades/BTC-USD", body: [], parameters: [:], keeping: true))
    }
    var found = try scrape(rig)
    #expect(
      try eventually {
        found = try scrape(rig)
        return found["outcry_database_pool_busy"] == 3
          && found["outcry_database_pool_waiting"] == 5
      })
    for client in clients { #expect(try client.receive().status == 503) }
    #expect(try eventually { try scrape(rig)["outcry_database_pool_busy"] == 0 })
  }
}
