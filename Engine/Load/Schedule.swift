/// The moments at which requests are due, whether or not anybody has time to send them. Latency
/// counts from these: a client that waits for a stalled server before it sends the next request
/// would not see how long that one would have taken ("coordinated omission").
struct Schedule {
  private let rate: Double
  private let spike: Pace.Spike?
  private let start: Int64
  /// From the start, in nanoseconds.
  private let length: Double
  private var next: Double

  /// One of `count` threads that share the rate; together they are evenly spaced.
  init(rate: Double, spike: Pace.Spike?, start: Int64, end: Int64, part: Int, of count: Int) {
    precondition(rate > 0 && count > 0, "a schedule needs a rate")
    self.rate = rate / Double(count)
    self.spike = spike
    self.start = start
    length = Double(end - start)
    next = Double(part) * 1e9 / rate
  }

  /// When the next request is due; nil after the last one. What is due in the last nanosecond is
  /// the first one after the end, rounded.
  var due: Int64? { next < length - 1 ? start + Int64(next) : nil }

  mutating func advance() {
    var rate = rate
    if let spike {
      let second = next / 1e9
      let inPeriod = second - (second / spike.period).rounded(.down) * spike.period
      if inPeriod >= spike.period - spike.length { rate *= spike.factor }
    }
    next += 1e9 / rate
  }
}

extension Plan {
  /// The times from the start at which an open pace sends, in nanoseconds.
  package func dueTimes(threads: Int) -> [Int64] {
    guard case .open(let rate, let spike) = pace else { return [] }
    return (0..<threads).flatMap { part -> [Int64] in
      var schedule = Schedule(
        rate: rate, spike: spike, start: 0, end: Int64(seconds * 1e9), part: part, of: threads)
      var times: [Int64] = []
      while let due = schedule.due {
        times.append(due)
        schedule.advance()
      }
      return times
    }.sorted()
  }
}
