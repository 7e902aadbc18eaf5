import SharedMemory

/// What happened between two readings of the same exchange: rates and the durations of that time.
public struct FiguresChange: Sendable {
  public let now: ExchangeFigures
  public let seconds: Double
  public let symbols: [SymbolChange]
  private let before: ExchangeFigures

  public init(from before: ExchangeFigures, to now: ExchangeFigures) {
    self.before = before
    self.now = now
    seconds = max(1e-6, Double(now.readAt - before.readAt) / 1e9)
    let earlier = Dictionary(
      before.symbols.map { ($0.symbol.id, $0) }, uniquingKeysWith: { first, _ in first })
    let seconds = seconds
    symbols = now.symbols.map {
      SymbolChange(now: $0, before: earlier[$0.symbol.id], seconds: seconds)
    }
  }

  /// Commands that became durable, of all symbols.
  public var commandsPerSecond: Double { symbols.reduce(0) { $0 + $1.commandsPerSecond } }

  /// How long requests of these kinds took at the workers.
  public func requests(_ kinds: [RequestClass] = RequestClass.allCases) -> HistogramReading {
    now.requests(kinds).since(before.requests(kinds))
  }

  public var requestsPerSecond: Double { Double(requests().count) / seconds }

  /// Answers whose status begins with 5.
  public var failuresPerSecond: Double {
    func failures(_ figures: ExchangeFigures) -> UInt64 {
      RequestClass.allCases.reduce(0) {
        $0 + figures.workers.histograms[WorkerHistogram.request($1, status: 500)].count
      }
    }
    return rate(failures(before), failures(now))
  }

  /// A figure of the pool that counts.
  public func perSecond(_ figure: PoolFigure) -> Double {
    rate(before.pool[figure] ?? 0, now.pool[figure] ?? 0)
  }

  /// A counter on one worker's line of the scoreboard.
  public func perSecond(_ counter: Int, of score: ScoreReading) -> Double {
    let earlier = before.scores.first {
      $0.role == score.role && $0.processID == score.processID && $0.number == score.number
    }
    return rate(earlier?.counters[counter] ?? score.counters[counter], score.counters[counter])
  }

  /// Share of one processor that the processes of a role used.
  public func processor(_ role: Role) -> Double {
    rate(before.cpu[role] ?? 0, now.cpu[role] ?? 0) / 1e6
  }

  private func rate(_ before: UInt64, _ now: UInt64) -> Double {
    now > before ? Double(now - before) / seconds : 0
  }
}

public struct SymbolChange: Sendable {
  public let now: SymbolFigures
  private let before: SymbolFigures?
  private let seconds: Double

  init(now: SymbolFigures, before: SymbolFigures?, seconds: Double) {
    self.now = now
    self.before = before
    self.seconds = seconds
  }

  public var commandsPerSecond: Double {
    let was = before?[EngineMetric.commands] ?? now[EngineMetric.commands]
    return Double(now[EngineMetric.commands] - min(was, now[EngineMetric.commands])) / seconds
  }

  public subscript(histogram: EngineHistogram) -> HistogramReading {
    now[histogram].since(before?[histogram] ?? now[histogram])
  }
}
