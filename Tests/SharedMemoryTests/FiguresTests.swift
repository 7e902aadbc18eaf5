import Foundation
import SharedMemory
import Testing

@Suite("Figures in shared memory")
struct FiguresTests {
  @Test("a duration goes into the first bucket whose bound it does not exceed")
  func buckets() {
    let bounds = (0..<Histogram.bucketCount).compactMap(Histogram.bound)
    #expect(bounds.count == Histogram.bucketCount - 1)
    #expect(bounds == bounds.sorted())
    func slowly(_ nanos: Int64) -> Int { bounds.firstIndex { nanos <= $0 } ?? bounds.count }
    var random = SystemRandomNumberGenerator()
    var probes: [Int64] = [-5, 0, 1, .max]
    for bound in bounds { probes += [bound - 1, bound, bound + 1] }
    for shift in 0..<62 { probes += [1 << shift, (1 << shift) - 1, 3 << (shift / 2)] }
    for _ in 0..<100_000 {
      let bits = Int64.random(in: 1...40, using: &random)
      probes.append(Int64.random(in: 0...(1 << bits), using: &random))
    }
    for nanos in probes { #expect(Histogram.bucket(of: nanos) == slowly(nanos), "\(nanos)") }
  }

  @Test("1, 2 and 5 of every decade are bounds, so that what is shown needs no guess")
  func decimalBounds() {
    let bounds = Set((0..<Histogram.bucketCount).compactMap(Histogram.bound))
    for decade in [1000, 1_000_000, 1_000_000_000] as [Int64] {
      for factor in [1, 2, 5, 10, 20, 50, 100, 200, 500] as [Int64]
      where decade * factor <= 50_000_000_000 {
        #expect(bounds.contains(decade * factor))
      }
    }
  }

  @Test("an engine's histogram counts, sums and tells quantiles, and its successor goes on")
  func engineHistogram() throws {
    let scratch = try Figures()
    let symbol = try scratch.symbol()
    var lock = try #require(try symbol.engineLock())
    for micros in 1...1000 { lock.histogram(.commit).record(Int64(micros) * 1000) }
    lock.release()
    lock = try #require(try symbol.engineLock())
    lock.histogram(.commit).record(2_000_000, times: 500)
    let reading = symbol.histogram(.commit)
    #expect(reading.count == 1500)
    #expect(reading.sumNanos == 500_500_000 + 1_000_000_000)
    let median = try #require(reading.since(symbol.histogram(.match)).quantile(0.3))
    #expect(abs(median - 450_000) < 60_000, "\(median)")
    #expect(symbol.histogram(.ringWait).quantile(0.5) == nil)
    #expect(reading.since(reading).count == 0)
  }

  @Test("a worker's counters outlive it and are added to by the next owner of its slot")
  func slotCounters() throws {
    let scratch = try Figures()
    let number = scratch.exchange.series("http/place_order/201")
    var slot = try #require(try scratch.exchange.claimWorkerSlot())
    for _ in 0..<3 {
      for lane in WorkerLane.allCases {
        slot.meter(lane).count(number)
        slot.meter(lane).record(WorkerHistogram.intake, nanos: 5_000)
        slot.gauges.raise(.databaseBusy)
      }
      slot.abandon()
      slot = try #require(try scratch.exchange.claimWorkerSlot())
      #expect(slot.gauges[.databaseBusy] == 0)
    }
    let other = try #require(try scratch.exchange.claimWorkerSlot())
    other.meter(.intake).count(number)
    other.abandon()
    let totals = scratch.exchange.workerTotals()
    #expect(totals.series[number] == 10)
    #expect(totals.histograms[WorkerHistogram.intake].count == 9)
    #expect(totals.histograms[WorkerHistogram.intake].sumNanos == 45_000)
    #expect(scratch.exchange.workerTotals(ofSlot: other.index).series[number] == 1)
  }

  @Test("threads that share a lane lose no count")
  func sharedLane() throws {
    let scratch = try Figures()
    let slot = try #require(try scratch.exchange.claimWorkerSlot())
    let meter = slot.meter(.others)
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      for _ in 0..<10_000 { meter.count(5) }
    }
    #expect(scratch.exchange.workerTotals().series[5] == 0, "a number that has no name")
    for name in ["a", "b", "c", "d", "e"] { _ = scratch.exchange.series(name) }
    #expect(scratch.exchange.workerTotals().series[5] == 80_000)
  }

  @Test("a name has one number, whoever asks first, and there is an end to them")
  func names() throws {
    let scratch = try Figures()
    let exchange = scratch.exchange
    let second = try #require(try ExchangeSegment.open(scratch.instance))
    let found = DispatchQueue.concurrentMap(16) { index in
      (index % 2 == 0 ? exchange : second).series("http/route-\(index / 4)/200")
    }
    #expect(Set(found).count == 4)
    #expect(!found.contains(ExchangeSegment.otherSeries))
    for index in 0..<4 { #expect(Set(found[4 * index..<4 * index + 4]).count == 1) }
    #expect(exchange.seriesNames[found[0]] == "http/route-0/200")
    for index in 0..<2000 { _ = exchange.series("n\(index)") }
    #expect(exchange.series("one too many") == ExchangeSegment.otherSeries)
    #expect(exchange.series("http/route-3/200") == found[15])
    #expect(exchange.seriesNames.count == Int(OUTCRY_SERIES))
  }

  @Test("a process leaves the processor time it used with its role")
  func usage() throws {
    let scratch = try Figures()
    let score = try #require(try scratch.exchange.claimScore(.feed))
    let usage = ProcessUsage(scratch.exchange, role: .feed, score: score)
    usage.publish()
    let first = scratch.exchange.cpuMicros(of: .feed)
    #expect(first > 0)
    ProcessUsage(scratch.exchange, role: .feed, score: nil).publish()
    #expect(scratch.exchange.cpuMicros(of: .feed) >= 2 * first)
    let line = try #require(scratch.exchange.scores().first)
    #expect(line.residentBytes > 1_000_000)
  }

  @Test("a mailbox says when its request was taken and answered")
  func times() throws {
    let scratch = try Figures()
    let symbol = try scratch.symbol()
    let lock = try #require(try symbol.engineLock())
    let slot = try #require(try scratch.exchange.claimWorkerSlot())
    let mailbox = try #require(slot.acquireSmall())
    mailbox.commands.initializeElement(at: 0, to: Command(.cancel))
    let reference = mailbox.post(symbolID: symbol.symbolID, count: 1, at: 100)
    let desk = lock.desk(in: scratch.exchange)
    guard case .taken(let request) = desk.take(reference, at: 250, copy: { _ in }) else {
      Issue.record("not taken")
      return
    }
    #expect(request.postedAt == 100)
    var bells = lock.bells(in: scratch.exchange)
    var writer = try #require(desk.beginReply(to: request))
    writer.append(Answer(), fills: UnsafeBufferPointer(start: nil, count: 0))
    writer.finish(touching: &bells, at: 900)
    #expect(mailbox.takenAt == 250)
    #expect(mailbox.repliedAt == 900)
  }
}

/// An exchange and a symbol of the test's own.
private final class Figures {
  let scratch = Scratch()
  let exchange: ExchangeSegment
  var instance: Instance { scratch.instance }

  init() throws { exchange = try ExchangeSegment.openOrCreate(scratch.instance) }

  func symbol() throws -> SymbolSegment {
    try SymbolSegment.openOrCreate(instance, symbolName: "F", id: 1)
  }
}

extension DispatchQueue {
  /// Calls from several threads at once; what came of it, by index.
  fileprivate static func concurrentMap<Value: Sendable>(
    _ count: Int, _ body: @Sendable (Int) -> Value
  ) -> [Value] {
    nonisolated(unsafe) var values = [Value?](repeating: nil, count: count)
    let lock = NSLock()
    concurrentPerform(iterations: count) { index in
      let value = body(index)
      lock.withLock { values[index] = value }
    }
    return values.map { $0! }
  }
}
