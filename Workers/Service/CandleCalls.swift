import API
import Postgres
import SharedMemory

/// Candles, and tickers made from them and the board.
extension Handler {
  func candles(_ name: String, _ inquiry: Inquiry) throws(APIError) {
    let query = try CandlesQuery(inquiry.query)
    let market = try ownMarket(named: name, inquiry)
    let (request, mark) = (inquiry.request, ReadMark([market], awaitsArrival: core.isSharded))
    try slowly(.database, request) { worker throws(APIError) in
      try mark.wait()
      let found = try worker.read { connection throws(PostgresError) in
        try Tables.candles(query, of: market.entry.symbol.id, connection)
      }
      worker.handler.output.clear()
      let next = found.count == query.page.limit ? found.last.map { UInt64($0.start) } : nil
      worker.handler.output.candles(found, query.interval, entry: market.entry, next: next)
      worker.handler.succeed(200, request)
    }
  }

  func ticker(_ name: String, _ inquiry: Inquiry) throws(APIError) {
    try Queries.none(inquiry.query)
    let market = try ownMarket(named: name, inquiry)
    let (request, mark) = (inquiry.request, ReadMark([market], awaitsArrival: core.isSharded))
    try slowly(.database, request) { worker throws(APIError) in
      try mark.wait()
      let rows = try worker.tickers(of: [market])
      worker.handler.output.clear()
      worker.handler.output.ticker(rows[0])
      worker.handler.succeed(200, request)
    }
  }

  /// Of all symbols: not waiting for any, for one whose engine is away must not hide the others.
  func tickers(_ inquiry: Inquiry) throws(APIError) {
    try Queries.none(inquiry.query)
    let request = inquiry.request
    if isForAllShards(nil, inquiry) {
      return try gather(inquiry) { worker, scope throws(APIError) in
        worker.handler.output.tickers(try worker.tickers(of: scope.markets))
      } merge: { worker, answers throws(APIError) in
        let rows = worker.bySymbol(answers.flatMap { $0.list("tickers") ?? [] })
        worker.handler.output.gathered("tickers", rows, next: nil)
      }
    }
    let scope = Scope(core, request)
    try slowly(.database, request) { worker throws(APIError) in
      try scope.arrive()
      let rows = try worker.tickers(of: scope.markets)
      worker.handler.output.clear()
      worker.handler.output.tickers(rows)
      worker.handler.succeed(200, request)
    }
  }
}

extension SlowWorker {
  fileprivate func tickers(of markets: [Market]) throws(APIError) -> [TickerRow] {
    let now = Clock.wallMicros()
    let days = try read { connection throws(PostgresError) in
      try Tables.days(of: markets.map(\.entry.symbol.id), at: now, connection)
    }
    return markets.map { market in
      TickerRow(
        entry: market.entry, board: market.segment?.board.summary(),
        day: days[market.entry.symbol.id], time: now)
    }
  }
}

extension Tables {
  /// Newest first.
  static func candles(
    _ query: CandlesQuery, of symbol: UInt32, _ connection: Connection
  ) throws(PostgresError) -> [Candle] {
    let rows = try connection.queryPrepared(
      """
      select start, open, high, low, close, volume, trades from candles
      where symbol_id = $1 and seconds = $2 and start < $3 order by start desc limit $4
      """, .int32(Int32(symbol)), .int32(query.interval.rawValue),
      .int64(query.page.before.map(Int64.init) ?? .max), .int64(Int64(query.page.limit)))
    return (0..<rows.count).map { candle(rows, $0, query.interval, from: 0) }
  }

  /// What was traded in 24 hours, to the minute, by symbol: minutes up to the first full hour and
  /// hours from there, so that a day is at most 84 rows.
  static func days(
    of symbols: [UInt32], at now: Int64, _ connection: Connection
  ) throws(PostgresError) -> [UInt32: Candle] {
    let (minute, hour) = (CandleInterval.minute, CandleInterval.hour)
    let first = minute.start(of: now) - 1439 * minute.microseconds
    let full = hour.start(of: first + hour.microseconds - 1)
    let rows = try connection.queryPrepared(
      """
      select s.id, 0::bigint, d.* from unnest($1::int8[]) as s (id), lateral (
        select (array_agg(open order by start))[1], max(high), min(low),
          (array_agg(close order by start desc))[1],
          least(sum(volume), 9223372036854775807)::bigint, sum(trades)::bigint
        from (
          select * from candles
          where symbol_id = s.id and seconds = 60 and start >= $2 and start < $3
          union all
          select * from candles where symbol_id = s.id and seconds = 3600 and start >= $3
        ) as c having count(*) > 0
      ) as d
      """, .int64s(symbols.map(Int64.init)), .int64(first), .int64(full))
    var days: [UInt32: Candle] = [:]
    for row in 0..<rows.count {
      days[UInt32(rows.int64(row, 0))] = candle(rows, row, .day, from: 1)
    }
    return days
  }

  private static func candle(
    _ rows: borrowing Rows, _ row: Int, _ interval: CandleInterval, from column: Int
  ) -> Candle {
    Candle(
      interval: interval, start: rows.int64(row, column), open: rows.int64(row, column + 1),
      high: rows.int64(row, column + 2), low: rows.int64(row, column + 3),
      close: rows.int64(row, column + 4), volume: rows.int64(row, column + 5),
      trades: rows.int64(row, column + 6))
  }
}
