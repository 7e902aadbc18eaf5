/// How long a candle is, in seconds.
public enum CandleInterval: Int32, CaseIterable, Sendable {
  case second = 1
  case minute = 60
  case fiveMinutes = 300
  case quarter = 900
  case hour = 3600
  case day = 86_400

  /// As the API writes it.
  public var name: String {
    switch self {
    case .second: "1s"
    case .minute: "1m"
    case .fiveMinutes: "5m"
    case .quarter: "15m"
    case .hour: "1h"
    case .day: "1d"
    }
  }

  public init?(name: some StringProtocol) {
    guard let found = CandleInterval.allCases.first(where: { $0.name == name }) else { return nil }
    self = found
  }

  public var microseconds: Int64 { Int64(rawValue) * 1_000_000 }

  /// The start of the candle that a trade at `time` belongs to: a multiple of the interval since
  /// 1970, in UTC.
  public func start(of time: Int64) -> Int64 { time - time % microseconds }
}

/// The trades of one interval in short. Where there was none there is no candle.
public struct Candle: Hashable, Sendable {
  public var interval: CandleInterval
  /// Microseconds since 1970.
  public var start: Int64
  public var open: Int64
  public var high: Int64
  public var low: Int64
  public var close: Int64
  public var volume: Int64
  public var trades: Int64

  public init(
    interval: CandleInterval, start: Int64, open: Int64, high: Int64, low: Int64, close: Int64,
    volume: Int64, trades: Int64
  ) {
    self.interval = interval
    self.start = start
    self.open = open
    self.high = high
    self.low = low
    self.close = close
    self.volume = volume
    self.trades = trades
  }

  /// Of a single trade.
  public init(_ interval: CandleInterval, price: Int64, quantity: Int64, time: Int64) {
    self.init(
      interval: interval, start: interval.start(of: time), open: price, high: price, low: price,
      close: price, volume: quantity, trades: 1)
  }

  /// Adds trades that came after those it holds.
  public mutating func add(_ later: Candle) {
    high = max(high, later.high)
    low = min(low, later.low)
    close = later.close
    // A volume has no limit; better the largest number than a wrong one.
    let (sum, overflow) = volume.addingReportingOverflow(later.volume)
    volume = overflow ? .max : sum
    trades += later.trades
  }
}

/// The candles of one symbol as its trades come in: one of each interval that still changes, and
/// those that have become final since somebody asked.
public struct CandleSeries: Sendable {
  /// In the order of `CandleInterval.allCases`.
  public private(set) var running = [Candle?](repeating: nil, count: CandleInterval.allCases.count)
  /// Oldest first within each interval.
  public private(set) var finished: [Candle] = []

  public init() {}

  public var isEmpty: Bool { finished.isEmpty && running.allSatisfy { $0 == nil } }

  public mutating func absorb(price: Int64, quantity: Int64, time: Int64) {
    for (index, interval) in CandleInterval.allCases.enumerated() {
      // Nearly every trade falls into the candle of the one before.
      if let start = running[index]?.start, time - start < interval.microseconds {
        running[index]?.add(Candle(interval, price: price, quantity: quantity, time: time))
      } else {
        absorb(Candle(interval, price: price, quantity: quantity, time: time), at: index)
      }
    }
  }

  /// Takes over trades that are later than all before.
  public mutating func absorb(_ candle: Candle) {
    absorb(candle, at: CandleInterval.allCases.firstIndex(of: candle.interval)!)
  }

  private mutating func absorb(_ candle: Candle, at index: Int) {
    if let known = running[index], known.start != candle.start {
      finished.append(known)
      running[index] = nil
    }
    if running[index] == nil { running[index] = candle } else { running[index]?.add(candle) }
  }

  public mutating func removeFinished() { finished.removeAll(keepingCapacity: true) }

  public mutating func removeAll() {
    removeFinished()
    for index in running.indices { running[index] = nil }
  }
}
