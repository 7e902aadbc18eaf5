import Wire

/// What is known of a symbol's candles when its publisher starts.
public struct MarketHistory: Sendable {
  /// The newest candle of each interval.
  public var newest: [Candle]
  /// The minutes of the last 24 hours, oldest first.
  public var minutes: [Candle]

  public init(newest: [Candle] = [], minutes: [Candle] = []) {
    self.newest = newest
    self.minutes = minutes
  }

  /// The start of the first minute that a ticker at `time` counts.
  public static func firstMinute(at time: Int64) -> Int64 {
    CandleInterval.minute.start(of: time)
      - Int64(TickerWindow.length - 1) * CandleInterval.minute.microseconds
  }
}

/// Candles and the last 24 hours of one symbol. It takes in every trade, published or not, so that
/// what it says is right also after Redis was away.
struct MarketDay {
  private(set) var ticker = TickerWindow()
  private var series = CandleSeries()
  private var mustTell = false

  /// Of final candles that nobody could be told of the last ones are kept.
  private static let mostFinished = 1000

  init(_ history: MarketHistory) {
    for candle in history.newest { series.absorb(candle) }
    for minute in history.minutes { ticker.absorb(minute) }
  }

  mutating func absorb(_ content: FeedInbox.Content) {
    for event in content.events where event.kind == EventKind.trade.rawValue {
      series.absorb(price: event.price, quantity: event.quantity, time: event.time)
      ticker.absorb(price: event.price, quantity: event.quantity, time: event.time)
      mustTell = true
    }
    for candle in content.lost.finished { absorb(candle) }
    for case let candle? in content.lost.running { absorb(candle) }
  }

  private mutating func absorb(_ candle: Candle) {
    series.absorb(candle)
    if candle.interval == .minute { ticker.absorb(candle) }
    mustTell = true
  }

  /// Candles to be told: final ones first.
  mutating func takeUntold() -> [Candle] {
    guard mustTell else { return [] }
    mustTell = false
    defer { series.removeFinished() }
    return series.finished.suffix(Self.mostFinished) + series.running.compactMap { $0 }
  }

  /// Subscribers may have missed the last word about them.
  mutating func tellAgain() { mustTell = true }

  /// Nobody will be told of these.
  mutating func forgetFinished() { series.removeFinished() }
}
