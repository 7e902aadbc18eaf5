import Postgres
import Wire

/// The table of candles as others read it.
public enum Candles {
  /// The newest candle of each interval, and the minutes that began at `since` or later, oldest
  /// first.
  public static func newest(
    of symbol: UInt32, minutesSince since: Int64, _ connection: Connection
  ) throws(PostgresError) -> (running: [Candle], minutes: [Candle]) {
    var running: [Candle] = []
    for interval in CandleInterval.allCases {
      running += try page(of: symbol, interval, before: nil, limit: 1, connection)
    }
    let rows = try connection.query(
      """
      select start, open, high, low, close, volume, trades from candles
      where symbol_id = $1 and seconds = 60 and start >= $2 order by start
      """, .int32(Int32(symbol)), .int64(since))
    return (running, list(rows, .minute))
  }

  /// Newest first, those that began before `before`.
  public static func page(
    of symbol: UInt32, _ interval: CandleInterval, before: Int64?, limit: Int,
    _ connection: Connection
  ) throws(PostgresError) -> [Candle] {
    let rows = try connection.query(
      """
      select start, open, high, low, close, volume, trades from candles
      where symbol_id = $1 and seconds = $2 and start < $3 order by start desc limit $4
      """, .int32(Int32(symbol)), .int32(interval.rawValue), .int64(before ?? .max),
      .int64(Int64(limit)))
    return list(rows, interval)
  }

  private static func list(_ rows: borrowing Rows, _ interval: CandleInterval) -> [Candle] {
    var list: [Candle] = []
    for row in 0..<rows.count {
      list.append(
        Candle(
          interval: interval, start: rows.int64(row, 0), open: rows.int64(row, 1),
          high: rows.int64(row, 2), low: rows.int64(row, 3), close: rows.int64(row, 4),
          volume: rows.int64(row, 5), trades: rows.int64(row, 6)))
    }
    return list
  }

  /// A candle of a symbol as one number: seconds since 1970, and in the last five digits those of
  /// its interval.
  package static func key(start: Int64, seconds: Int64) -> Int64 {
    start / 1_000_000 * 100_000 + seconds
  }

  /// Fills the table `candles` of this session's own from the trades of a symbol, by other means
  /// than the projection: seconds from the trades, everything longer from the seconds.
  package static func recompute(
    from trades: String, of symbol: UInt32, _ connection: Connection
  ) throws(PostgresError) {
    let most = Int64.max
    try connection.run(
      """
      truncate pg_temp.candles;
      insert into pg_temp.candles
        (symbol_id, seconds, start, open, high, low, close, volume, trades)
      select symbol_id, 1, start, (array_agg(price order by trade_id))[1], max(price), min(price),
        (array_agg(price order by trade_id desc))[1], least(sum(quantity), \(most))::bigint,
        count(*)
      from (select *, time - time % 1000000 as start from \(trades)
        where symbol_id = \(symbol)) as t
      group by symbol_id, start;
      insert into pg_temp.candles
        (symbol_id, seconds, start, open, high, low, close, volume, trades)
      select c.symbol_id, i.seconds, c.start - c.start % (i.seconds * 1000000::bigint),
        (array_agg(c.open order by c.start))[1], max(c.high), min(c.low),
        (array_agg(c.close order by c.start desc))[1], least(sum(c.volume), \(most))::bigint,
        sum(c.trades)::bigint
      from pg_temp.candles as c, (values (60), (300), (900), (3600), (86400)) as i (seconds)
      where c.seconds = 1 group by 1, 2, 3;
      analyze pg_temp.candles
      """)
  }
}

extension ProjectionWriter {
  func prepareCandles() throws(PostgresError) {
    try connection.prepare(
      "candles",
      """
      insert into candles (symbol_id, seconds, start, open, high, low, close, volume, trades)
      select $1, * from unnest($2::int8[], $3::int8[], $4::int8[], $5::int8[], $6::int8[],
        $7::int8[], $8::int8[], $9::int8[])
      on conflict (symbol_id, seconds, start) do update set
        high = greatest(candles.high, excluded.high), low = least(candles.low, excluded.low),
        close = excluded.close,
        volume = least(candles.volume::numeric + excluded.volume, \(Int64.max))::bigint,
        trades = candles.trades + excluded.trades
      """, [.int4] + Array(repeating: .int8Array, count: 8))
  }

  /// The trades of a buffer make a few candles; a candle that is there already goes on.
  func writeCandles(_ buffer: borrowing ProjectionBuffer) throws(PostgresError) {
    guard !buffer.trades.isEmpty else { return }
    var series = CandleSeries()
    for trade in buffer.trades {
      series.absorb(price: trade.price, quantity: trade.quantity, time: trade.time)
    }
    let candles = series.finished + series.running.compactMap { $0 }
    let count = candles.count
    parameters.removeAll()
    parameters.add(Int32(symbol))
    parameters.addInt64s(count: count) { Int64(candles[$0].interval.rawValue) }
    parameters.addInt64s(count: count) { candles[$0].start }
    parameters.addInt64s(count: count) { candles[$0].open }
    parameters.addInt64s(count: count) { candles[$0].high }
    parameters.addInt64s(count: count) { candles[$0].low }
    parameters.addInt64s(count: count) { candles[$0].close }
    parameters.addInt64s(count: count) { candles[$0].volume }
    parameters.addInt64s(count: count) { candles[$0].trades }
    _ = try connection.execute("candles", parameters)
  }
}
