import Wire

/// What was traded in the last 24 hours, counted by the minute.
struct TickerWindow {
  static let length = 24 * 60
  private static let microseconds: Int64 = 60_000_000
  private var minutes = [Candle?](repeating: nil, count: length)

  mutating func absorb(price: Int64, quantity: Int64, time: Int64) {
    absorb(Candle(.minute, price: price, quantity: quantity, time: time))
  }

  /// A minute, or a part of one that comes after what is known of it.
  mutating func absorb(_ candle: Candle) {
    let number = candle.start / Self.microseconds
    let index = Int(number % Int64(Self.length))
    if minutes[index]?.start == candle.start {
      minutes[index]?.add(candle)
    } else {
      minutes[index] = candle
    }
  }

  /// Nil when nothing was traded in the 24 hours before `time`.
  func summary(at time: Int64) -> Candle? {
    let newest = time / Self.microseconds
    var total: Candle?
    for number in max(0, newest - Int64(Self.length) + 1)...newest {
      guard let minute = minutes[Int(number % Int64(Self.length))],
        minute.start == number * Self.microseconds
      else { continue }
      if total == nil { total = minute } else { total?.add(minute) }
    }
    return total
  }
}
