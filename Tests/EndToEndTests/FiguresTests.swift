import Foundation
import SharedMemory
import Supervision
import TestSupport
import Testing

@Suite("Figures, traces and logs of the whole stack", .serialized)
struct FiguresTests {
  private func scrape(_ exchange: Exchange) throws -> ScrapedMetrics {
    let answer = exchange.anyone().call("GET", "/metrics")
    try #require(answer.status == 200, "\(answer)")
    let found = ScrapedMetrics(answer.raw.body)
    #expect(found.problems.isEmpty, "\(found.problems)")
    return found
  }

  /// Nothing that counts may shrink or vanish.
  private func expectGrowth(
    from before: ScrapedMetrics, to after: ScrapedMetrics, _ what: Comment
  ) {
    for (series, value) in before.growing {
      #expect((after[series] ?? -1) >= value, "\(series) fell below \(value): \(what)")
    }
  }

  @Test("agree with what was done, and no kill -9 sets one of them back")
  func growing() throws {
    let exchange = try Exchange()
    let trader = try exchange.trader()
    let seller = try exchange.trader()
    let symbol = #"symbol="BTC-USD""#
    let first = try scrape(exchange)
    for index in 0..<30 {
      #expect(trader.place("buy", "1", at: "\(1000 + index)").status == 201)
    }
    #expect(seller.place("sell", "1", at: "1029").status == 201)
    #expect(seller.place("sell", "1", at: "0").status == 422)
    var second = try scrape(exchange)
    func grown(_ name: String, _ label: String) -> Double {
      second.sum(name, label) - first.sum(name, label)
    }
    // A batch is counted when its answers are on their way.
    let replies = "outcry_engine_reply_duration_seconds_count"
    #expect(
      try eventually {
        second = try scrape(exchange)
        return grown(replies, symbol) == grown("outcry_engine_journal_batches_total", symbol)
          && second.sum("outcry_engine_feed_redis_up") == 5
      })
    expectGrowth(from: first, to: second, "while nothing died")
    #expect(grown("outcry_engine_commands_total", symbol) == 31)
    #expect(grown("outcry_engine_requests_total", symbol) == 31)
    let bytes = grown("outcry_engine_journal_bytes_total", symbol)
    #expect(bytes > 31 * 10 && bytes < 31 * 100, "\(bytes)")
    #expect(grown("outcry_engine_sequence", symbol) == 31)
    #expect(grown("outcry_symbol_trades_total", symbol) == 1)
    #expect(grown("outcry_engine_ring_wait_duration_seconds_count", symbol) == 31)
    #expect(grown("outcry_engine_match_duration_seconds_count", symbol) == 31)
    #expect(grown("outcry_engine_request_duration_seconds_count", symbol) == 31)
    let batches = grown("outcry_engine_journal_batches_total", symbol)
    #expect(grown("outcry_engine_commit_duration_seconds_count", symbol) == batches)
    #expect(second.sum("outcry_engine_up") == 5)
    #expect(second.sum("outcry_processes", #"role="worker""#) == 2)
    #expect(second.sum("outcry_process_cpu_seconds_total", #"role="engine""#) > 0)
    #expect(try eventually { try scrape(exchange)["outcry_pool_processes_serving"] == 2 })
    #expect(try eventually { try scrape(exchange)["outcry_feed_redis_up"] == 1 })
    #expect(try eventually { try scrape(exchange)["outcry_feed_nginx_up"] == 1 })
    #expect(try eventually { try #require(try scrape(exchange)["outcry_feed_messages_total"]) > 0 })

    Glibc.kill(try #require(try exchange.living(.worker).first), SIGKILL)
    Glibc.kill(try #require(try exchange.living(.engine, symbol: 1).first), SIGKILL)
    #expect(trader.place("buy", "1", at: "900").status == 201)
    var third = try scrape(exchange)
    #expect(
      try eventually {
        third = try scrape(exchange)
        return third.sum("outcry_engine_commands_total", symbol)
          > second.sum("outcry_engine_commands_total", symbol)
      })
    expectGrowth(from: second, to: third, "after a worker and an engine were killed")
    #expect(
      third.sum("outcry_engine_epoch", symbol) == second.sum("outcry_engine_epoch", symbol) + 1)
    // The new engine's first record is one command more; it is journalled before it counts.
    #expect(
      third.sum("outcry_engine_commands_total", symbol)
        == second.sum("outcry_engine_commands_total", symbol) + 1)
    #expect(
      try eventually { try scrape(exchange).sum("outcry_engine_projection_lag_commands") == 0 })
  }

  @Test("a client's trace is in the journal, the access log and the answer; logs are JSON")
  func traced() throws {
    let exchange = try Exchange()
    let trader = try exchange.trader()
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    let answer = trader.http.send(
      "POST", "/api/orders",
      headers: [
        "Authorization": "Bearer \(trader.token ?? "")",
        "Traceparent": "00-\(trace)-00f067aa0ba902b7-01",
      ],
      body: Array(
        #"{"symbol":"BTC-USD","side":"buy","type":"limit","price":"9","quantity":"1"}"#.utf8))
    #expect(answer.status == 201, "\(answer)")
    let returned = try #require(answer.header("Traceparent"))
    #expect(returned.hasPrefix("00-\(trace)-") && returned.hasSuffix("-01"))
    let span = returned.split(separator: "-")[2]
    #expect(trader.place("buy", "1", at: "8").raw.header("Traceparent") == nil)

    let journal = exchange.outcry("journal", "BTC-USD").output.split(separator: "\n")
    let traced = journal.filter { $0.contains("trace=") }
    #expect(traced.count == 1, "\(journal)")
    #expect(traced[0].contains("trace=\(trace) span=\(span)") && traced[0].contains("@ 9.00"))

    let access = exchange.state + "/nginx/access.log"
    #expect(
      eventually {
        (try? String(contentsOfFile: access, encoding: .utf8))?.contains(returned) == true
      })
    for name in ["supervisor", "engine", "worker"] {
      let text = try String(contentsOfFile: exchange.state + "/log/\(name).log", encoding: .utf8)
      for line in text.split(separator: "\n") {
        let fields =
          (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any]
        for field in ["time", "level", "program", "message"] {
          #expect(fields?[field] is String, "\(name): \(field) in \(line)")
        }
        #expect(fields?["pid"] is Int, "\(name): \(line)")
        let isOfSymbol = fields?["program"] as? String == "engine"
        #expect(!isOfSymbol || fields?["symbol"] is String, "\(line)")
      }
    }
  }

  @Test("top shows symbols, workers and servers, once and live, and leaves the terminal as it was")
  func top() throws {
    let exchange = try Exchange()
    let trader = try exchange.trader()
    #expect(trader.place("buy", "1", at: "70000").status == 201)
    let once = exchange.outcry("top", "--once", "--interval", "0.2")
    #expect(once.status == 0, "\(once.output)")
    for part in ["BTC-USD", "MSFT", "worker 0", "5 of 5 journals", "PostgreSQL ready"] {
      #expect(once.output.contains(part), "\(part) in \(once.output)")
    }
    #expect(!once.output.contains("\u{1B}"))
    #expect(exchange.outcry("top", "--interval", "0").status == 64)

    // A pseudo-terminal, by the kernel's own calls: unlock it, ask for its number.
    let terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    defer { close(terminal) }
    var (locked, number): (Int32, Int32) = (0, -1)
    try #require(
      terminal >= 0 && ioctl(terminal, 0x4004_5431, &locked) == 0
        && ioctl(terminal, 0x8004_5430, &number) == 0)
    let name = "/dev/pts/\(number)"
    var size = winsize(ws_row: 12, ws_col: 60, ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(terminal, UInt(TIOCSWINSZ), &size)
    let live = ChildProcess(
      "/bin/sh",
      [
        "-c",
        "\(Products.path(of: "outcry")) top --interval 0.1 --state \(exchange.state) "
          + "<\(name) >\(name)",
      ])
    _ = fcntl(terminal, F_SETFL, O_NONBLOCK)
    var screen = ""
    func read() -> String {
      var chunk = [UInt8](repeating: 0, count: 65536)
      let count = Glibc.read(terminal, &chunk, chunk.count)
      if count > 0 { screen += String(decoding: chunk[..<count], as: UTF8.self) }
      return screen
    }
    #expect(eventually { read().contains("orders ") }, "\(screen)")
    #expect(screen.hasPrefix("\u{1B}[?1049h"))
    _ = write(terminal, "q", 1)
    #expect(live.wait() == .code(0))
    #expect(eventually { read().hasSuffix("\u{1B}[?25h\u{1B}[?1049l") }, "\(screen.suffix(40))")
    let shown = screen.split(separator: "\u{1B}[H").last?.split(separator: "\r\n") ?? []
    #expect(shown.count <= 12)
    #expect(shown.allSatisfy { $0.count <= 60 + 20 }, "cut to the terminal: \(shown)")
  }
}
