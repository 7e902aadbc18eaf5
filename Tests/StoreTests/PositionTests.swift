import Postgres
import Store
import TestSupport
import Testing
import Wire

@Suite("A position")
struct PositionTests {
  /// Trades as (lots, above zero for a buy; price), and what is left: lots, cost.
  private static let cases: [(trades: [(Int64, Int64)], quantity: Int128, cost: Int128)] = [
    ([], 0, 0),
    ([(5, 100)], 5, 500),
    ([(-5, 100)], -5, 500),
    ([(5, 100), (5, 200)], 10, 1500),
    ([(-5, 100), (-5, 200)], -10, 1500),
    // Closing a part leaves the average price, whatever it is closed at.
    ([(10, 150), (-4, 999)], 6, 900),
    ([(-10, 150), (4, 1)], -6, 900),
    ([(10, 150), (-10, 999)], 0, 0),
    // Turning around begins anew.
    ([(10, 150), (-15, 200)], -5, 1000),
    ([(-10, 150), (15, 200)], 5, 1000),
    ([(10, 100), (-10, 50), (3, 70)], 3, 210),
    // 3 lots for 10: a third is 3.33, two thirds are 6.67.
    ([(2, 3), (1, 4), (-1, 9)], 2, 7),
    ([(2, 3), (1, 4), (-2, 9)], 1, 3),
    // Halves go to the even number: half of 5 and of 7.
    ([(1, 2), (1, 3), (-1, 9)], 1, 3),
    ([(1, 3), (1, 4), (-1, 9)], 1, 3),
  ]

  @Test("is what the trades leave, at the average price of what is held", arguments: cases.indices)
  func trades(index: Int) {
    let expected = Self.cases[index]
    var position = Position()
    for (lots, price) in expected.trades {
      position.trade(lots > 0 ? .buy : .sell, abs(lots), at: price)
    }
    #expect(position == Position(quantity: expected.quantity, cost: expected.cost))
  }

  @Test("stays exact beyond 64 bits")
  func large() {
    var position = Position()
    for _ in 0..<1000 { position.trade(.buy, Int64.max, at: 1_000_000_000) }
    #expect(position.quantity == 1000 * Int128(Int64.max))
    #expect(position.cost == 1_000_000_000 * position.quantity)
    for _ in 0..<999 { position.trade(.sell, Int64.max, at: 1) }
    let left = Position(
      quantity: Int128(Int64.max), cost: 1_000_000_000 * Int128(Int64.max))
    #expect(position == left)
    position.trade(.sell, Int64.max, at: 1)
    #expect(position == Position())
  }

  @Test("never drifts from the average by more than half a unit a closing trade")
  func drift() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<200 {
      var position = Position()
      position.trade(.buy, 1_000_003, at: Int64.random(in: 1...1_000_000, using: &generator))
      position.trade(.buy, 999_983, at: Int64.random(in: 1...1_000_000, using: &generator))
      let (quantity, cost) = (position.quantity, position.cost)
      var closings: Int128 = 0
      while position.quantity > 1000 {
        position.trade(.sell, Int64.random(in: 1...999, using: &generator), at: 1)
        closings += 1
        let error = (position.cost * quantity - cost * position.quantity).magnitude
        guard error <= (closings * quantity).magnitude else {
          Issue.record("\(position) of \(quantity) for \(cost)")
          return
        }
      }
    }
  }

  @Test("of the time before there was a table of them is made from the trades")
  func migration() throws {
    let connection = try Connection(TestPostgres.shared.newDatabase())
    try Schema.migrate(connection, to: 2)
    try connection.run(
      """
      insert into trades (symbol_id, trade_id, sequence, time, price, quantity, taker_order_id,
        maker_order_id, taker_account, maker_account, taker_side)
      select s, n, n, n, 1 + random() * 1000, 1 + random() * 9, n, n, 1 + random() * 3,
        1 + random() * 3, 1 + n % 2
      from generate_series(1, 2) as s, generate_series(1, 500) as n
      """)
    try Schema.migrate(connection)
    var expected: [[Int64]: Position] = [:]
    let trades = try connection.query(
      """
      select symbol_id, price, quantity, taker_side, taker_account, maker_account from trades
      where taker_account <> maker_account order by symbol_id, trade_id
      """)
    for row in 0..<trades.count {
      let (symbol, price) = (trades.int64(row, 0), trades.int64(row, 1))
      let side = try #require(Side(rawValue: UInt8(trades.int64(row, 3))))
      for (account, side) in [
        (trades.int64(row, 4), side), (trades.int64(row, 5), side.opposite),
      ] {
        expected[[account, symbol], default: Position()]
          .trade(side, trades.int64(row, 2), at: price)
      }
    }
    let rows = try connection.query(
      "select account, symbol_id, quantity::text, cost::text from positions")
    var found: [[Int64]: Position] = [:]
    for row in 0..<rows.count {
      found[[rows.int64(row, 0), rows.int64(row, 1)]] = Position(
        quantity: try #require(Int128(rows.text(row, 2))),
        cost: try #require(Int128(rows.text(row, 3))))
    }
    #expect(found == expected)
    #expect(found.count == 8)
  }
}
