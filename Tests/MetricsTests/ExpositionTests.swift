import Foundation
import Metrics
import SharedMemory
import TestSupport
import Testing

@Suite("Figures for Prometheus")
struct ExpositionTests {
  private func scrape(_ market: FiguresMarket) throws -> ScrapedMetrics {
    let bytes = Exposition.text(try ExchangeFigures(market.exchange))
    return ScrapedMetrics(String(decoding: bytes, as: UTF8.self))
  }

  @Test("every line of an exchange that did nothing is valid")
  func empty() throws {
    let found = try scrape(try FiguresMarket())
    #expect(found.problems.isEmpty, "\(found.problems)")
    #expect(found[#"outcry_engine_up{symbol="BTC-USD"}"#] == 0)
    #expect(found[#"outcry_engine_commit_duration_seconds_count{symbol="BTC-USD"}"#] == 0)
    #expect(found["outcry_engine_snapshot_age_seconds"] == nil)
  }

  @Test("what engine and workers counted comes out, in base units")
  func values() throws {
    let market = try FiguresMarket()
    let lock = try #require(try market.symbol.engineLock())
    lock.histogram(.commit).record(1_500_000, times: 3)
    lock.histogram(.commit).record(30_000_000_000)
    lock.addMetric(EngineMetric.commands, 7)
    lock.setMetric(EngineMetric.recoveryNanos, to: 250_000_000)
    lock.showCommitted(9, projected: 4, waitingSince: Clock.wallMicros() - 2_000_000)
    let slot = try #require(try market.exchange.claimWorkerSlot())
    slot.meter(.intake).count(market.exchange.series("http/place_order/201"))
    slot.meter(.others).count(market.exchange.series("code/tick_size"))
    slot.meter(.completion).record(
      WorkerHistogram.request(.order, status: 201), nanos: 200_000_000)
    slot.gauges.raise(.databaseThreads, by: 3)

    let found = try scrape(market)
    #expect(found.problems.isEmpty, "\(found.problems)")
    let commit = "outcry_engine_commit_duration_seconds"
    #expect(found[#"\#(commit)_bucket{symbol="BTC-USD",le="0.001"}"#] == 0)
    #expect(found[#"\#(commit)_bucket{symbol="BTC-USD",le="0.002"}"#] == 3)
    #expect(found[#"\#(commit)_bucket{symbol="BTC-USD",le="10.0"}"#] == 3)
    #expect(found[#"\#(commit)_bucket{symbol="BTC-USD",le="+Inf"}"#] == 4)
    #expect(found[#"\#(commit)_sum{symbol="BTC-USD"}"#] == 30.0045)
    #expect(found[#"outcry_engine_commands_total{symbol="BTC-USD"}"#] == 7)
    #expect(found[#"outcry_engine_up{symbol="BTC-USD"}"#] == 1)
    #expect(found[#"outcry_engine_recovery_duration_seconds{symbol="BTC-USD"}"#] == 0.25)
    #expect(found[#"outcry_engine_projection_lag_commands{symbol="BTC-USD"}"#] == 5)
    let lag = try #require(
      found[#"outcry_engine_projection_lag_seconds{symbol="BTC-USD"}"#])
    #expect((2..<10).contains(lag))
    #expect(found[#"outcry_http_requests_total{route="place_order",status="201"}"#] == 1)
    #expect(found[#"outcry_rejects_total{code="tick_size"}"#] == 1)
    let request = #"outcry_http_request_duration_seconds_bucket{class="order",status="2xx""#
    #expect(found[request + #",le="0.1"}"#] == 0)
    #expect(found[request + #",le="0.2"}"#] == 1, "an alert's bound is exact")
    #expect(found["outcry_database_pool_size"] == 3)
  }

  @Test("a name with every odd character is escaped")
  func escaping() {
    var text = MetricText()
    text.begin("x", .gauge, "Odd.")
    text.sample(1, ("symbol", "a\"b\\c\nd"))
    #expect(
      String(decoding: text.bytes, as: UTF8.self).hasSuffix(#"x{symbol="a\"b\\c\nd"} 1"# + "\n"))
    #expect(ScrapedMetrics(String(decoding: text.bytes, as: UTF8.self)).problems.isEmpty)
  }

  @Test("no label could name an account or an order")
  func labels() throws {
    let found = try scrape(try FiguresMarket())
    let names = Set(
      found.samples.keys.flatMap { $0.matches(of: /(\w+)="/).map { String($0.1) } })
    #expect(
      names.isSubset(of: ["class", "code", "le", "role", "route", "status", "symbol"]), "\(names)")
  }

  @Test(
    "promtool has nothing to say about it",
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/promtool")))
  func promtool() throws {
    let bytes = Exposition.text(try ExchangeFigures(try FiguresMarket().exchange))
    let folder = TemporaryFolder("promtool")
    try Data(bytes).write(to: URL(fileURLWithPath: folder.file("metrics")))
    let (exit, output) = ChildProcess.run(
      "/bin/sh", ["-c", "/usr/bin/promtool check metrics <\(folder.file("metrics"))"], within: 20)
    #expect(exit == .code(0), "\(output)")
  }

  @Test("reading two hundred symbols takes milliseconds, not more")
  func cost() throws {
    let market = try FiguresMarket(symbols: 200)
    let segments = market.exchange.all.compactMap { symbol in
      (try? SymbolSegment.open(market.exchange.instance, symbolName: symbol.name, id: symbol.id))
        .flatMap { $0 }.map { (symbol, $0) }
    }
    #expect(segments.count == 200)
    let start = threadProcessorSeconds()
    let text = Exposition.text(ExchangeFigures(market.exchange, symbols: segments))
    #expect(threadProcessorSeconds() - start < 0.5)
    #expect(text.count < 4 << 20)
  }
}

/// An exchange of the test's own, with symbols that nobody trades.
final class FiguresMarket {
  let exchange: ExchangeSegment
  let symbol: SymbolSegment
  private let janitor: Janitor

  init(symbols: Int = 1) throws {
    let name = "figures-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    janitor = Janitor(command: "rm -f /dev/shm/outcry.\(name).*")
    exchange = try ExchangeSegment.openOrCreate(Instance(name: name))
    let cent = Scale(digits: 2, units: 1)
    for id in 1...symbols {
      try exchange.add(
        Symbol(
          id: UInt32(id), name: id == 1 ? "BTC-USD" : "S\(id)", base: "B", quote: "USD",
          tick: cent, lot: cent, rules: Rules()))
    }
    var made: [SymbolSegment] = []
    for symbol in exchange.all {
      made.append(
        try SymbolSegment.openOrCreate(
          exchange.instance, symbolName: symbol.name, id: symbol.id))
    }
    symbol = made[0]
  }

  deinit { exchange.instance.removeAll() }
}

extension EngineLock {
  fileprivate func showCommitted(_ committed: UInt64, projected: UInt64, waitingSince: Int64) {
    setCommitted(committed)
    setProjected(projected)
    setMetric(EngineMetric.tablesWaitSince, to: UInt64(waitingSince))
  }
}
