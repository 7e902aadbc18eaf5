import Postgres
import Store
import TestSupport
import Testing
import Wire

@Suite("The projection", .serialized)
struct ProjectionTests {
  let settings = TestPostgres.shared.newDatabase()
  let symbol: UInt32 = 2

  init() throws { try Schema.migrate(Connection(settings)) }

  func writer() throws -> ProjectionWriter {
    try ProjectionWriter(symbol: symbol, connection: Connection(settings))
  }

  func absorb(_ steps: some Sequence<RandomMarket.Step>, into buffer: inout ProjectionBuffer) {
    for step in steps {
      step.events.withUnsafeBufferPointer { buffer.absorb(step.command, $0) }
    }
  }

  func storedOrders() throws -> [UInt64: RandomMarket.Order] {
    let rows = try Connection(settings).query(
      """
      select order_id, account, price, stop_price, quantity, quote_quantity, filled, remaining,
        filled_quote, status, reason, created_at, updated_at, sequence, client_order_id, is_open,
        created_sequence
      from orders where symbol_id = $1
      """, .int32(Int32(symbol)))
    var found: [UInt64: RandomMarket.Order] = [:]
    for row in 0..<rows.count {
      let status = try #require(OrderStatus(rawValue: UInt8(rows.int64(row, 9))))
      let id = UInt64(rows.int64(row, 0))
      found[id] = RandomMarket.Order(
        account: UInt64(rows.int64(row, 1)), terms: (2...5).map { rows.int64(row, $0) },
        filled: rows.int64(row, 6), remaining: rows.int64(row, 7), quote: rows.int64(row, 8),
        status: status, reason: UInt8(rows.int64(row, 10)), createdAt: rows.int64(row, 11),
        updatedAt: rows.int64(row, 12), sequence: UInt64(rows.int64(row, 13)),
        clientKey: rows.optionalText(row, 14), spendsQuote: rows.int64(row, 5) != 0)
      let isOpen = [.open, .partiallyFilled, .pendingTrigger].contains(status)
      let marked = rows.bool(row, 15)
      #expect(marked == isOpen)
      let created = UInt64(rows.int64(row, 16))
      #expect(OrderID.make(symbol: symbol, sequence: created) == id)
    }
    return found
  }

  func compare(_ market: RandomMarket) throws {
    let stored = try storedOrders()
    #expect(stored.count == market.orders.count)
    for (id, order) in market.orders where stored[id] != order {
      Issue.record("order \(id): expected \(order), found \(String(describing: stored[id]))")
    }
    let rows = try Connection(settings).query(
      """
      select trade_id, price, quantity, taker_order_id, maker_order_id, taker_account,
        maker_account, sequence, time, taker_side
      from trades where symbol_id = $1 order by trade_id
      """, .int32(Int32(symbol)))
    #expect(rows.count == market.trades.count)
    for (row, trade) in market.trades.enumerated() where row < rows.count {
      let found = (0..<10).map { rows.int64(row, $0) }
      let expected = [
        Int64(trade.trade_id), trade.price, trade.quantity, Int64(trade.order_id),
        Int64(trade.maker_order_id), Int64(trade.account), Int64(trade.maker_account),
        Int64(trade.sequence), trade.time, Int64(trade.side),
      ]
      #expect(found == expected)
    }
    try compareCandles(market)
    let answers = try Connection(settings).query(
      """
      select sequence, order_id, price, stop_price, quantity, filled, remaining, filled_quote,
        status, reason
      from answers where symbol_id = $1
      """, .int32(Int32(symbol)))
    #expect(answers.count == market.answers.count && answers.count > 0)
    for row in 0..<answers.count {
      let found = (1..<10).map { answers.int64(row, $0) }
      #expect(found == market.answers[UInt64(answers.int64(row, 0))])
    }
    try comparePositions(market)
  }

  /// What an account holds is what it bought less what it sold; `PositionTests` say what it costs.
  private func comparePositions(_ market: RandomMarket) throws {
    var expected: [UInt64: Position] = [:]
    for trade in market.trades where trade.account != trade.maker_account {
      let side = try #require(Side(rawValue: trade.side))
      expected[trade.account, default: Position()].trade(side, trade.quantity, at: trade.price)
      expected[trade.maker_account, default: Position()]
        .trade(side.opposite, trade.quantity, at: trade.price)
    }
    let rows = try Connection(settings).query(
      "select account, quantity::text, cost::text from positions where symbol_id = $1",
      .int32(Int32(symbol)))
    var found: [UInt64: Position] = [:]
    for row in 0..<rows.count {
      found[UInt64(rows.int64(row, 0))] = Position(
        quantity: try #require(Int128(rows.text(row, 1))),
        cost: try #require(Int128(rows.text(row, 2))))
    }
    #expect(found == expected)
  }

  @Test("equals a naive recomputation, however the stream is cut", arguments: 1...6)
  func random(seed: UInt64) throws {
    var market = RandomMarket(seed: seed, symbol: symbol)
    var sizes = SplitMix(seed: seed)
    let writer = try writer()
    var buffer = ProjectionBuffer(position: try writer.position())
    for _ in 0..<12 {
      for _ in 0..<Int.random(in: 1...150, using: &sizes) {
        absorb([market.step()], into: &buffer)
      }
      try writer.write(&buffer)
    }
    try compare(market)
    #expect(try writer.position() == buffer.position)
  }

  @Test("skips what it has when a replay starts from before")
  func replay() throws {
    var market = RandomMarket(seed: 7, symbol: symbol)
    let steps = (0..<500).map { _ in market.step() }
    var buffer = ProjectionBuffer(position: 0)
    absorb(steps[..<300], into: &buffer)
    try writer().write(&buffer)

    let restarted = try writer()
    var second = ProjectionBuffer(position: try restarted.position())
    absorb(steps, into: &second)
    try restarted.write(&second)
    try compare(market)
    try restarted.write(&second)
    try compare(market)

    try restarted.erase()
    var third = ProjectionBuffer(position: try restarted.position())
    absorb(steps, into: &third)
    try restarted.write(&third)
    try compare(market)
  }

  @Test("stores a buffer once when the connection is cut at any moment of it")
  func cut() throws {
    var market = RandomMarket(seed: 8, symbol: symbol)
    let killer = try Connection(settings)
    try killer.prepare(
      "kill", "select pg_sleep($1 / 1e6), pg_terminate_backend($2)", [.int8, .int4])
    try killer.enterPipeline()
    let parameters = Parameters()
    var buffer = ProjectionBuffer(position: 0)
    var lost = 0
    for round in 0..<30 {
      absorb((0..<200).map { _ in market.step() }, into: &buffer)
      let connection = try Connection(settings)
      let doomed = try ProjectionWriter(symbol: symbol, connection: connection)
      // The killer waits inside the server, so that it strikes while the write is under way.
      parameters.removeAll()
      parameters.add(Int64(round) * 500)
      parameters.add(connection.backendID)
      try killer.sendPipeline("kill", parameters)
      try killer.sendPipelineEnd()
      do throws(ProjectionError) { try doomed.write(&buffer) } catch {
        guard case .database(let reason) = error, reason.connectionLost else { throw error }
        lost += 1
      }
      try killer.awaitResults()
      try writer().write(&buffer)
    }
    try compare(market)
    #expect(lost > 0, "no round cut the connection during the write")
  }

  @Test("refuses to write when somebody else has moved the tables on")
  func overtaken() throws {
    var market = RandomMarket(seed: 9, symbol: symbol)
    let steps = (0..<100).map { _ in market.step() }
    var first = ProjectionBuffer(position: 0)
    var second = ProjectionBuffer(position: 0)
    absorb(steps[..<60], into: &first)
    absorb(steps[..<80], into: &second)
    try writer().write(&first)
    let error = #expect(throws: ProjectionError.self) { try writer().write(&second) }
    guard case .overtaken(position: 60) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("lets the table of symbols follow halts and rules")
  func symbols() throws {
    var rules = Rules()
    rules.max_price = 77
    rules.max_quantity = 88
    rules.max_open_orders = 9
    var configure = Command(.configure)
    configure.sequence = 1
    configure.rules = rules
    var configured = Event()
    configured.kind = EventKind.configured.rawValue
    var halt = Command(.halt)
    halt.sequence = 2
    var halted = Event()
    halted.kind = EventKind.state.rawValue
    halted.state = MarketState.halted.rawValue
    var buffer = ProjectionBuffer(position: 0)
    absorb(
      [
        RandomMarket.Step(command: configure, events: [configured]),
        RandomMarket.Step(command: halt, events: [halted]),
      ], into: &buffer)
    try writer().write(&buffer)
    let found = try #require(try Symbols.find("ETH-USD", Connection(settings)))
    #expect(found.symbol.rules == rules)
    #expect(found.state == MarketState.halted.rawValue)
  }
}
