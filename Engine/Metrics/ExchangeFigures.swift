import SharedMemory

/// What all processes of an instance have left in shared memory, read at one moment by any process
/// that can see it.
public struct ExchangeFigures: Sendable {
  /// CLOCK_MONOTONIC nanoseconds.
  public let readAt: Int64
  public let createdAt: Int64
  public let symbols: [SymbolFigures]
  public let seriesNames: [String]
  public let workers: WorkerTotals
  public let gauges: [WorkerGauge: Int]
  public let scores: [ScoreReading]
  public let pool: [PoolFigure: UInt64]
  public let feed: [FeedCounter: UInt64]
  /// Microseconds of processor time.
  public let cpu: [Role: UInt64]

  public init(_ exchange: ExchangeSegment, symbols segments: [(Symbol, SymbolSegment)]) {
    readAt = Clock.monotonicNanos()
    createdAt = exchange.segment.createdAt
    symbols = segments.map { SymbolFigures($0, $1) }
    workers = exchange.workerTotals()
    // After the counters: a name that came in between has none yet.
    seriesNames = exchange.seriesNames
    let live = exchange.workerGauges()
    gauges = Dictionary(
      uniqueKeysWithValues: WorkerGauge.allCases.map { gauge in
        (gauge, live.reduce(0) { $0 + $1[gauge] })
      })
    scores = exchange.scores()
    let pool = exchange.pool
    self.pool = Dictionary(uniqueKeysWithValues: PoolFigure.allCases.map { ($0, pool[$0]) })
    feed = Dictionary(
      uniqueKeysWithValues: FeedCounter.allCases.map { ($0, exchange.feedCount($0)) })
    cpu = Dictionary(
      uniqueKeysWithValues: Role.allCases.map { ($0, exchange.cpuMicros(of: $0)) })
  }

  /// For a process that has none of the segments open. Those of symbols that no engine and no
  /// worker has met yet do not exist. `shard`: only that one's symbols.
  public init(_ exchange: ExchangeSegment, shard: UInt32? = nil) throws(SegmentError) {
    var segments: [(Symbol, SymbolSegment)] = []
    for symbol in exchange.all where shard == nil || symbol.shard == shard {
      let segment = try SymbolSegment.open(
        exchange.instance, symbolName: symbol.name, id: symbol.id)
      if let segment { segments.append((symbol, segment)) }
    }
    self.init(exchange, symbols: segments)
    for (_, segment) in segments { segment.segment.close() }
  }

  /// Counted series under a prefix, such as "http" in "http/place_order/201", by the rest.
  public func series(_ prefix: String) -> [(parts: [String], count: UInt64)] {
    zip(seriesNames, workers.series).compactMap { name, count in
      let parts = name.split(separator: "/").map(String.init)
      return parts.first == prefix && parts.count > 1 ? (Array(parts.dropFirst()), count) : nil
    }
  }

  /// Requests of one kind, whatever became of them.
  public func requests(_ kinds: [RequestClass] = RequestClass.allCases) -> HistogramReading {
    var all = HistogramReading()
    for kind in kinds {
      for status in [200, 300, 400, 500] {
        all += workers.histograms[WorkerHistogram.request(kind, status: status)]
      }
    }
    return all
  }
}
