import SharedMemory

/// What a symbol's segment said at one moment.
public struct SymbolFigures: Sendable {
  public let symbol: Symbol
  public let isEngineAlive: Bool
  public let epoch: UInt64
  /// Sequence of the last command that is durable and told, and the last one in the tables.
  public let committed: UInt64
  public let projected: UInt64
  public let ringDepth: Int
  public let board: BoardSummary?
  private let metrics: [UInt64]
  private let histograms: [HistogramReading]
  private let readAt = Clock.wallMicros()

  public init(_ symbol: Symbol, _ segment: SymbolSegment) {
    self.symbol = symbol
    isEngineAlive = segment.isEngineAlive
    epoch = segment.epoch
    // In this order, or the tables might seem to be ahead.
    projected = segment.projectedSequence
    committed = max(projected, segment.committedSequence)
    ringDepth = segment.ring.depth
    board = segment.board.summary()
    metrics = (0..<SymbolSegment.metricCount).map(segment.metric)
    histograms = EngineHistogram.allCases.map(segment.histogram)
  }

  /// One of `EngineMetric`.
  public subscript(metric: Int) -> UInt64 { metrics[metric] }
  public subscript(histogram: EngineHistogram) -> HistogramReading {
    histograms[histogram.rawValue]
  }

  /// Commands that the tables do not hold yet.
  public var behind: UInt64 { committed - projected }

  /// For how long the oldest of them has been waiting.
  public var behindSeconds: Double {
    let since = [EngineMetric.tablesWaitSince, EngineMetric.tablesWriteSince]
      .map { metrics[$0] }.filter { $0 > 0 }.min()
    guard behind > 0, let since else { return 0 }
    return max(0, Double(readAt - Int64(since)) / 1e6)
  }

  /// Since the newest snapshot; nil without one.
  public var snapshotAgeSeconds: Double? {
    let time = metrics[EngineMetric.snapshotTime]
    return time == 0 ? nil : max(0, Double(readAt - Int64(time)) / 1e6)
  }
}
