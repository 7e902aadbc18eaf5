/// What was traded in the last 24 hours, counted by the minute.
struct TickerWindow {
  struct Summary: Hashable {
    var open: Int64 = 0
    var high: Int64 = 0
    var low: Int64 = 0
    var last: Int64 = 0
    var volume: Int64 = 0
    var trades: Int = 0
  }

  private struct Minute {
    var number: Int64 = -1
    var summary = Summary()
  }

  private static let length = 24 * 60
  private static let microseconds: Int64 = 60_000_000
  private var minutes = [Minute](repeating: Minute(), count: length)

  mutating func absorb(price: Int64, quantity: Int64, time: Int64) {
    let number = time / Self.microseconds
    let index = Int(number % Int64(Self.length))
    if minutes[index].number != number {
      minutes[index] = Minute(
        number: number, summary: Summary(open: price, high: price, low: price, last: price))
    }
    minutes[index].summary.high = max(minutes[index].summary.high, price)
    minutes[index].summary.low = min(minutes[index].summary.low, price)
    minutes[index].summary.last = price
    minutes[index].summary.volume = Self.sum(minutes[index].summary.volume, quantity)
    minutes[index].summary.trades += 1
  }

  /// Nil when nothing was traded in the 24 hours before `time`.
  func summary(at time: Int64) -> Summary? {
    let newest = time / Self.microseconds
    var total: Summary?
    for number in max(0, newest - Int64(Self.length) + 1)...newest {
      let minute = minutes[Int(number % Int64(Self.length))]
      guard minute.number == number else { continue }
      guard var known = total else {
        total = minute.summary
        continue
      }
      known.high = max(known.high, minute.summary.high)
      known.low = min(known.low, minute.summary.low)
      known.last = minute.summary.last
      known.volume = Self.sum(known.volume, minute.summary.volume)
      known.trades += minute.summary.trades
      total = known
    }
    return total
  }

  /// A day's volume has no limit; better the largest number than a wrong one.
  private static func sum(_ left: Int64, _ right: Int64) -> Int64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? .max : sum
  }
}
