import Postgres
import Store
import TestSupport
import Testing
import Wire

extension ProjectionTests {
  /// Each candle from all trades that fall into it, one by one.
  func compareCandles(_ market: RandomMarket) throws {
    var expected: [[Int64]: [Int64]] = [:]
    for trade in market.trades {
      for seconds: Int64 in [1, 60, 300, 900, 3600, 86_400] {
        let start = trade.time / (seconds * 1_000_000) * seconds * 1_000_000
        let (price, key) = (trade.price, [seconds, start])
        var candle = expected[key] ?? [price, price, price, price, 0, 0]
        candle[1] = max(candle[1], price)
        candle[2] = min(candle[2], price)
        candle[3] = price
        candle[4] += trade.quantity
        candle[5] += 1
        expected[key] = candle
      }
    }
    let rows = try Connection(settings).query(
      """
      select seconds::bigint, start, open, high, low, close, volume, trades from candles
      where symbol_id = $1
      """, .int32(Int32(symbol)))
    var found: [[Int64]: [Int64]] = [:]
    for row in 0..<rows.count {
      found[(0..<2).map { rows.int64(row, $0) }] = (2..<8).map { rows.int64(row, $0) }
    }
    #expect(found == expected)
  }
}

@Suite("The table of candles", .serialized)
struct CandleTableTests {
  let settings = TestPostgres.shared.newDatabase()

  @Test("is made for what was traded before it existed")
  func migration() throws {
    let connection = try Connection(settings)
    try Schema.migrate(connection)
    let trades = (1...500).map { trade in
      "(\(trade), \(trade), \(trade * 7_300_000), \(1000 + trade * 37 % 101), \(trade), "
        + "\(trade), \(trade), 1, 2, 3, 1)"
    }
    try connection.run("insert into trades values \(trades.joined(separator: ", "))")
    try connection.run("drop table candles; \(Schema.candleTable)")
    try connection.run(
      "create temporary table candles (like public.candles including indexes)")
    try Candles.recompute(from: "public.trades", of: 3, connection)
    let difference = """
      select count(*) from (table public.candles except table pg_temp.candles) as d
      """
    #expect(try connection.query(difference).int64(0, 0) == 0)
    #expect(try connection.query("select count(*) from public.candles").int64(0, 0) > 500)
    let hour = try Candles.page(of: 3, .hour, before: nil, limit: 10, connection)
    #expect(hour.map(\.trades) == [7, 493])
    #expect(hour.last?.open == 1037)
  }

  @Test("does not fail when a volume is beyond what can be counted")
  func overflow() throws {
    let connection = try Connection(settings)
    try Schema.migrate(connection)
    var series = CandleSeries()
    for time in [Int64(0), 10, 20] {
      series.absorb(price: 5, quantity: Int64.max - 1, time: time)
    }
    #expect(series.running.allSatisfy { $0?.volume == .max && $0?.trades == 3 })
  }
}
