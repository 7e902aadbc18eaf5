import Glibc
import Postgres
import SharedMemory
import Store
import TestSupport
import Testing

@Suite("The engine process", .serialized)
struct EngineTests {
  @Test("an order is in the journal, on the board and in the tables when it is answered")
  func oneOrder() throws {
    let harness = try EngineHarness()
    try harness.start()
    let segment = try harness.segment()
    let maker = try harness.ask(limit(.sell, 5, at: 100, account: 1, key: "m"), of: segment)
    #expect(maker.status == .open)
    let board = try #require(segment.board.summary())
    #expect(board.best_ask_price == 100)
    #expect(board.best_ask_quantity == 5)
    #expect(board.sequence == maker.sequence)

    let taker = try harness.ask(limit(.buy, 2, at: 101, account: 2, key: "t"), of: segment)
    #expect(taker.status == .filled)
    #expect(taker.fills == 1)
    let after = try #require(segment.board.summary())
    #expect(after.best_ask_quantity == 3)
    #expect(after.last_price == 100)

    let connection = try harness.connect()
    let head = try Journal(symbol: 1, connection: connection).head()
    #expect(head.sequence == taker.sequence)
    #expect(eventually { segment.projectedSequence >= taker.sequence })
    let rows = try harness.connect().query(
      "select filled, remaining from orders where order_id = $1", .int64(Int64(maker.order)))
    #expect(rows.int64(0, 0) == 2)
    #expect(rows.int64(0, 1) == 3)
  }

  @Test("a refused order changes nothing and is not journalled")
  func refusal() throws {
    let harness = try EngineHarness()
    try harness.start()
    let segment = try harness.segment()
    let first = try harness.ask(limit(.buy, 1, at: 10), of: segment)
    var market = limit(.buy, 1, at: 0)
    market.type = OrderType.market.rawValue
    market.time_in_force = TimeInForce.immediateOrCancel.rawValue
    let refused = try harness.ask(market, of: segment)
    #expect(refused.refusal == .noLiquidity)
    #expect(segment.committedSequence == first.sequence)
  }

  @Test("a repeated key gets the first answer, another content under it is refused")
  func idempotency() throws {
    let harness = try EngineHarness()
    try harness.start()
    let segment = try harness.segment()
    let order = limit(.buy, 1, at: 10, key: "same")
    let first = try harness.ask(order, of: segment)
    let again = try harness.ask(order, of: segment)
    #expect(again.isDuplicate)
    #expect(again.order == first.order)
    #expect(again.sequence == first.sequence)
    let other = try harness.ask(limit(.buy, 2, at: 10, key: "same"), of: segment)
    #expect(other.refusal == .keyReused)
    let elsewhere = try harness.ask(limit(.buy, 1, at: 10, account: 2, key: "same"), of: segment)
    #expect(elsewhere.refusal == nil)
    #expect(!elsewhere.isDuplicate)
  }

  @Test("a command whose deadline has passed is not run")
  func deadline() throws {
    let harness = try EngineHarness()
    try harness.start()
    let segment = try harness.segment()
    var late = limit(.buy, 1, at: 10)
    late.deadline = Clock.monotonicNanos() - 1
    #expect(try harness.ask(late, of: segment).refusal == .deadlinePassed)
    late.deadline = Clock.monotonicNanos() + 5_000_000_000
    #expect(try harness.ask(late, of: segment).refusal == nil)
  }

  @Test("an order with an expiry ends by itself")
  func expiry() throws {
    let harness = try EngineHarness()
    try harness.start()
    let segment = try harness.segment()
    // The engine is there, so that the next order's time is not spent on its start.
    _ = try harness.ask(limit(.buy, 1, at: 9), of: segment)
    var order = limit(.buy, 1, at: 10)
    order.time_in_force = TimeInForce.goodTillDate.rawValue
    order.terms.expires_at = Clock.wallMicros() + 3_000_000
    let placed = try harness.ask(order, of: segment)
    #expect(placed.status == .open)
    #expect(eventually { segment.board.summary()?.open_orders == 1 })
    #expect(try harness.ask(cancel(placed.order), of: segment).refusal == .unknownOrder)
  }

  @Test("a batch of a thousand is answered in order, its commands in a row")
  func batch() throws {
    let harness = try EngineHarness()
    try harness.start()
    let segment = try harness.segment()
    let orders = (0..<1000).map { limit(.buy, 1, at: 1 + Int64($0), key: "b\($0)") }
    guard case .answered(let replies) = try harness.ask(orders, of: segment) else {
      Issue.record("no answer")
      return
    }
    #expect(replies.count == 1000)
    #expect(zip(replies, replies.dropFirst()).allSatisfy { $1.sequence == $0.sequence + 1 })
    #expect(segment.board.summary()?.bid_levels == 1000)
  }

  @Test("a sweep through many makers answers with every fill that fits, and says what does not")
  func sweep() throws {
    let harness = try EngineHarness()
    try harness.start()
    let segment = try harness.segment()
    _ = try harness.ask((0..<1000).map { limit(.sell, 1, at: 100 + Int64($0)) }, of: segment)
    let taker = try harness.ask(limit(.buy, 1000, at: 5000, account: 2), of: segment)
    #expect(taker.filled == 1000)
    #expect(taker.fills > 100)
    #expect(taker.fills < 1000)
  }
}
