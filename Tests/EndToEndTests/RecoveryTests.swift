import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("The whole stack after kill -9", .serialized)
struct RecoveryTests {
  /// Places orders one after the other, kills in the middle, and expects that every single one is
  /// answered 201 in time, is there once, and is in the book.
  private func survive(
    _ exchange: Exchange, kills: Int, _ kill: @escaping @Sendable (Int) throws -> Void
  ) throws {
    let trader = try exchange.trader()
    let before = try exchange.count("select count(*) from orders")
    let orders = 40 * kills
    let strain = Strain()
    defer { strain.stop() }
    var slowest = 0.0
    for number in 0..<orders {
      if number % 40 == 20 { try kill(number / 40) }
      let started = monotonicSeconds()
      let answer = trader.place("buy", "1", at: "\(1000 + number)", key: "order-\(number)")
      slowest = max(slowest, monotonicSeconds() - started)
      #expect(answer.status == 201, "order \(number): \(answer)")
    }
    #expect(slowest < strain.allowance(2), "recovery took \(slowest) s")
    #expect(trader.best("bids") == ["\(1000 + orders - 1).00", "1.00000"])
    let placed = { try exchange.count("select count(*) from orders") - before }
    #expect(try eventually { try placed() == Int64(orders) })
  }

  @Test("of an engine: every order is answered, once")
  func engine() throws {
    let exchange = try Exchange()
    try survive(exchange, kills: 3) { _ in
      let pid = try #require(try exchange.living(.engine, symbol: 1).first)
      Glibc.kill(pid, SIGKILL)
    }
  }

  @Test("of worker processes: every order is answered, once")
  func workers() throws {
    let exchange = try Exchange()
    try survive(exchange, kills: 3) { _ in
      let pid = try #require(try exchange.living(.worker).first)
      Glibc.kill(pid, SIGKILL)
    }
  }

  @Test("of the pool's master: every order is answered, once")
  func master() throws {
    let exchange = try Exchange()
    try survive(exchange, kills: 2) { _ in try exchange.signal("worker", SIGKILL) }
  }

  @Test("of the engines' manager: every order is answered, once")
  func manager() throws {
    let exchange = try Exchange()
    try survive(exchange, kills: 1) { _ in try exchange.signal("engine", SIGKILL) }
  }

  @Test("of everything at once: what was answered is still in the book")
  func everything() throws {
    let exchange = try Exchange()
    let trader = try exchange.trader()
    #expect(trader.place("buy", "1", at: "1234.50").status == 201)
    for name in ["nginx", "worker", "engine", "redis", "postgres"] {
      try exchange.signal(name, SIGKILL)
    }
    for pid in try exchange.living(.engine) { Glibc.kill(pid, SIGKILL) }
    #expect(eventually { exchange.anyone().call("GET", "/ready").status == 200 })
    #expect(eventually { trader.best("bids") == ["1234.50", "1.00000"] })
    exchange.outcry("down")
    #expect(exchange.outcry("up").status == 0)
    let book = trader.call("GET", "/api/book/BTC-USD")
    #expect((book["bids"] as? [[String]])?.first == ["1234.50", "1.00000"], "\(book)")
  }
}
