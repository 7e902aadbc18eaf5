import Postgres
import Replay
import Store
import TestSupport
import Testing
import Wire

@Suite("The past", .serialized)
struct HistoryTests {
  @Test("comes back as it was at any command, from a snapshot or without")
  func pictures() throws {
    let market = try TestMarket.traded(seed: 1, commands: 900)
    let history = try History(market.symbol, database: market.database)
    #expect(try history.end() == UInt64(market.commands.count))
    let snapshots = try Snapshots(symbol: market.symbol.id, connection: market.connection)
      .labels().map(\.sequence)
    var random = SplitMix(seed: .random(in: 0...UInt64.max))
    let end = try history.end()
    let some = (0..<20).map { _ in UInt64.random(in: 1...end, using: &random) }
    for sequence in some + snapshots + [1, end] {
      let (found, snapshot) = try history.book(at: sequence, depth: 5)
      let expected = market.pictures[Int(sequence)]
      #expect(found.stateHash == expected.stateHash)
      #expect(found.bids == expected.bids && found.asks == expected.asks)
      #expect(found.openOrders == expected.openOrders)
      #expect(snapshot == snapshots.first { $0 <= sequence } ?? 0)
    }
  }

  @Test("is replayed from an earlier snapshot when one is damaged")
  func damaged() throws {
    let market = try TestMarket.traded(seed: 2, commands: 300)
    let labels = try Snapshots(symbol: market.symbol.id, connection: market.connection).labels()
    try market.damage("delete from snapshot_parts where sequence = \(labels[0].sequence)")
    var passedOver = 0
    let history = try History(market.symbol, database: market.database)
    let (found, snapshot) = try history.book(at: history.end(), depth: 5) { _ in passedOver += 1 }
    #expect(snapshot == labels[1].sequence)
    #expect(passedOver == 1)
    #expect(found.stateHash == market.pictures.last?.stateHash)
  }

  @Test("lists commands from the middle of a row on, as many as asked for")
  func commands() throws {
    let market = try TestMarket.traded(seed: 3, commands: 300)
    let history = try History(market.symbol, database: market.database)
    for from in [1, 2, 37, 100] as [UInt64] {
      var found: [UInt64] = []
      try history.commands(from: from, limit: 45) { command, _ in found.append(command.sequence) }
      #expect(found == Array(from..<from + 45))
    }
  }

  @Test("reads in the symbol's decimals")
  func text() {
    let symbol = Symbol(
      id: 1, name: "BTC-USD", base: "BTC", quote: "USD", tick: Scale(digits: 2, units: 1),
      lot: Scale(digits: 5, units: 1), rules: Rules())
    let text = CommandText(symbol)
    var order = Command(.place, account: 7)
    order.time = 1_790_000_000_000_001
    order.order_id = 42
    order.side = Side.buy.rawValue
    order.type = OrderType.limit.rawValue
    order.time_in_force = TimeInForce.goodTillCancelled.rawValue
    order.self_trade_prevention = SelfTradePrevention.cancelTaker.rawValue
    order.terms.price = 7_000_000
    order.terms.quantity = 50_000
    order.flags = OrderFlags.clientKey.rawValue
    order.setKey(Array("a1".utf8))
    let time = "2026-09-21T14:13:20.000001Z"
    #expect(
      text.line(order) == "\(time) place account 7 order 42 buy limit 0.50000 @ 70000.00 key=a1")
    order.type = OrderType.market.rawValue
    order.time_in_force = TimeInForce.immediateOrCancel.rawValue
    order.self_trade_prevention = SelfTradePrevention.none.rawValue
    order.terms = Terms()
    order.terms.quote_quantity = 1_000_000_000
    order.flags = 0
    #expect(
      text.line(order)
        == "\(time) place account 7 order 42 buy market for 100.0000000 IOC "
        + "self-trade allowed idempotency-key=a1")
    order.setKey(Array("~a1".utf8))
    withUnsafeMutableBytes(of: &order.trace_id) { $0[0] = 0xAB }
    withUnsafeMutableBytes(of: &order.span_id) { $0[7] = 1 }
    let trace = "ab" + String(repeating: "0", count: 30)
    #expect(text.line(order).hasSuffix(" request=~a1 trace=\(trace) span=0000000000000001"))
    var damaged = Command(.place)
    damaged.kind = 99
    damaged.time = .min
    #expect(text.line(damaged).hasSuffix(" kind-99"))
  }
}
