import Store
import TestSupport
import Testing

@Suite("The operator's audit", .serialized)
struct OperatorTests {
  @Test("verifies a real engine while it trades and when it rests, board and snapshots included")
  func verify() throws {
    let exchange = try LiveExchange()
    for _ in 0..<30 { try exchange.trade() }
    for _ in 0..<5 {
      let (exit, output) = try exchange.outcry("verify", "BTC-USD", trading: true)
      #expect(exit == .code(0), "\(output)")
      #expect(output.contains("BTC-USD: ok: "), "\(output)")
    }
    #expect(exchange.settle())
    let snapshots = Snapshots(symbol: 1, connection: exchange.connection)
    #expect(try eventually { try !snapshots.labels().isEmpty })
    let (exit, output) = try exchange.outcry("verify")
    #expect(exit == .code(0), "\(output)")
    #expect(output.contains("board compared"), "\(output)")
    let first = output.split(separator: "\n").first ?? ""
    #expect(!first.contains(" 0 snapshots"), "\(output)")
    #expect(output.split(separator: "\n").count == 5, "\(output)")
  }

  @Test("says what is wrong and fails, and rebuilds while the engine goes on")
  func rebuild() throws {
    let exchange = try LiveExchange()
    for _ in 0..<20 { try exchange.trade() }
    #expect(exchange.settle())
    try exchange.connection.run(
      "update orders set filled = filled + 1 where order_id % 11 = 0")
    try exchange.connection.run("delete from trades where trade_id = 5")
    let (exit, output) = try exchange.outcry("verify", "BTC-USD")
    #expect(exit == .code(1))
    #expect(output.hasPrefix("BTC-USD: DIFFERENT: orders 1"), "\(output)")
    #expect(output.contains("column filled: expected"), "\(output)")

    // The projection cannot change orders that are gone: it tries again until they are back.
    try exchange.connection.run("delete from orders where is_open")
    for _ in 0..<5 { try exchange.trade() }
    let (rebuilt, said) = try exchange.outcry("rebuild", "BTC-USD", trading: true)
    #expect(rebuilt == .code(0), "\(said)")
    for _ in 0..<5 { try exchange.trade() }
    #expect(exchange.settle())
    let (after, verdict) = try exchange.outcry("verify", "BTC-USD", trading: true)
    #expect(after == .code(0), "\(verdict)")
  }

  @Test("changes nothing or everything when rebuilding is killed")
  func killed() throws {
    let exchange = try LiveExchange()
    for _ in 0..<30 { try exchange.trade() }
    #expect(exchange.settle())
    try exchange.connection.run("update orders set filled = filled + 1")
    try exchange.connection.run("update trades set price = price + 5000")
    func wrong() throws -> Int64 {
      try exchange.connection.query(
        """
        select (select count(*) from orders where filled <> (
            select coalesce(sum(t.quantity), 0) from trades as t
            where order_id in (taker_order_id, maker_order_id)))
          + (select count(*) from trades where price >= 5000)
        """
      ).int64(0, 0)
    }
    let before = try wrong()
    #expect(before > 0)
    for delay in stride(from: 0, to: 400_000, by: 25_000) {
      let tool = exchange.start("rebuild", "BTC-USD")
      pause(microseconds: delay)
      tool.kill()
      _ = tool.wait()
      let sessions = """
        select count(*) from pg_stat_activity
        where application_name in ('outcry-rebuild BTC-USD', 'outcry-replay BTC-USD')
        """
      let gone = try eventually {
        try exchange.connection.query(sessions).int64(0, 0) == 0
      }
      #expect(gone)
      let now = try wrong()
      #expect(now == before || now == 0)
    }
    let (exit, output) = try exchange.outcry("rebuild", "BTC-USD")
    #expect(exit == .code(0), "\(output)")
    let (verified, verdict) = try exchange.outcry("verify", "BTC-USD")
    #expect(verified == .code(0), "\(verdict)")
  }

  @Test("prints the book at any command, and the commands")
  func past() throws {
    let exchange = try LiveExchange()
    try exchange.trade()
    let (exit, book) = try exchange.outcry("replay", "BTC-USD", "--to", "42", "--depth", "2")
    #expect(exit == .code(0), "\(book)")
    for text in [
      "BTC-USD after command 42 at 2", "replayed from  the start", "market state   trading",
      "ask   10.", "bid   10.", "more levels of bids",
    ] { #expect(book.contains(text), "\(book)") }

    let (listed, lines) = try exchange.outcry("journal", "BTC-USD", "--limit", "10")
    #expect(listed == .code(0), "\(lines)")
    #expect(lines.split(separator: "\n").count == 11, "\(lines)")
    #expect(lines.contains(" place account "), "\(lines)")
    let (_, first) = try exchange.outcry("journal", "BTC-USD", "--from", "1", "--limit", "1")
    #expect(first.contains(" epoch 1"), "\(first)")

    #expect(try exchange.outcry("replay", "BTC-USD", "--to", "9999").0 == .code(1))
    #expect(try exchange.outcry("replay", "BTC-USD", "--to", "x").0 == .code(64))
    #expect(try exchange.outcry("verify", "NONE").0 == .code(1))
    for command in ["verify", "rebuild", "replay", "journal"] {
      let (exit, help) = try exchange.outcry(command, "--help")
      #expect(exit == .code(0))
      #expect(help.contains("usage: outcry \(command)") && help.contains("  outcry \(command) BTC"))
    }
  }
}
