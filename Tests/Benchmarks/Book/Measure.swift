import Glibc
import OrderBook
import Wire

/// What one workload cost.
struct Figures {
  var nanoseconds = Double.infinity
  var percentiles: [(name: String, value: UInt64)] = []
  var millionsPerSecond: Double { 1_000 / nanoseconds }
}

enum Measure {
  static func now(_ clock: clockid_t = CLOCK_MONOTONIC) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// What asking for the time costs, the least of many.
  static func clockCost() -> UInt64 {
    var least = UInt64.max
    for _ in 0..<100_000 {
      let start = now()
      least = min(least, now() - start)
    }
    return least
  }

  /// The best of several runs, each on a fresh book; then one more that times every command.
  static func run(_ workload: Workload, times: Int) throws -> Figures {
    var figures = Figures()
    for _ in 0..<times {
      figures.nanoseconds = min(figures.nanoseconds, try throughput(workload))
    }
    figures.percentiles = try latencies(workload)
    return figures
  }

  private static func prepare(
    _ book: inout OrderBook, _ events: inout EventBuffer, _ workload: Workload
  ) {
    for command in workload.setup {
      events.removeAll()
      _ = book.apply(command, into: &events)
    }
    events.removeAll()
  }

  /// The thread's own time, so that a busy machine does less harm to the figure. A batch of 256
  /// commands writes its events one behind the other, as an engine's would.
  private static func throughput(_ workload: Workload) throws -> Double {
    var book = try OrderBook()
    var events = try EventBuffer(capacity: 2 * book.mostEventsPerCommand)
    prepare(&book, &events, workload)
    let start = now(CLOCK_THREAD_CPUTIME_ID)
    workload.commands.withUnsafeBufferPointer { run($0, &book, &events) }
    let spent = now(CLOCK_THREAD_CPUTIME_ID) - start
    return Double(spent) / Double(workload.commands.count)
  }

  private static func run(
    _ commands: UnsafeBufferPointer<Command>, _ book: inout OrderBook,
    _ events: inout EventBuffer
  ) {
    guard let first = commands.baseAddress else { return }
    for position in 0..<commands.count {
      if position & 255 == 0 { events.removeAll() }
      book.readAhead(commands, at: position)
      _ = book.apply(first + position, into: &events)
    }
  }

  private static func latencies(
    _ workload: Workload
  ) throws -> [(name: String, value: UInt64)] {
    var book = try OrderBook()
    var events = try EventBuffer(capacity: 2 * book.mostEventsPerCommand)
    prepare(&book, &events, workload)
    var times = [UInt32](repeating: 0, count: workload.commands.count)
    workload.commands.withUnsafeBufferPointer { commands in
      for position in 0..<commands.count {
        if position & 255 == 0 { events.removeAll() }
        let start = now()
        book.readAhead(commands, at: position)
        _ = book.apply(commands.baseAddress! + position, into: &events)
        times[position] = UInt32(clamping: now() - start)
      }
    }
    times.sort()
    func at(_ part: Double) -> UInt64 { UInt64(times[Int(Double(times.count - 1) * part)]) }
    return [("p50", at(0.5)), ("p99", at(0.99)), ("p99.9", at(0.999)), ("max", at(1))]
  }
}
