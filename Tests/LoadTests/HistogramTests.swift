import Load
import Testing

@Suite("The latency histogram")
struct HistogramTests {
  /// Durations as they occur: most of them short, a few a thousand times as long.
  private func durations(_ count: Int, seed: UInt64) -> [Int64] {
    var state = seed
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let exponent = 10 + (state >> 33) % 24
      return Int64((state >> 8) % (1 << exponent))
    }
  }

  private func histogram(_ durations: [Int64]) -> LatencyHistogram {
    durations.reduce(into: LatencyHistogram()) { $0.record($1) }
  }

  @Test("has cells without gaps or overlaps, each holding its own bound")
  func cells() {
    #expect(LatencyHistogram.cell(of: 0) == 0)
    for cell in 0..<LatencyHistogram.cellCount {
      let bound = LatencyHistogram.bound(cell)
      #expect(LatencyHistogram.cell(of: bound) == cell)
      #expect(bound == LatencyHistogram.longest || LatencyHistogram.cell(of: bound + 1) == cell + 1)
    }
    #expect(LatencyHistogram.cell(of: .max) == LatencyHistogram.cellCount - 1)
  }

  @Test("gives every percentile within a 512th of what sorting gives")
  func quantiles() {
    let durations = durations(100_000, seed: 7)
    let histogram = histogram(durations)
    let sorted = durations.sorted()
    for part in [0.0001, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 1] {
      let exact = sorted[max(0, Int((part * Double(sorted.count)).rounded(.up)) - 1)]
      let found = histogram.quantile(part)
      #expect(found >= exact && found - exact <= exact / 512 + 1, "\(part): \(found) \(exact)")
    }
    #expect(histogram.max == sorted.last && histogram.min == sorted.first)
    #expect(histogram.count == 100_000)
    #expect(histogram.mean == Double(durations.reduce(0, +)) / 100_000)
  }

  @Test("of small whole numbers is exact, and of nothing is nothing")
  func small() {
    let histogram = histogram(Array(1...100))
    #expect(histogram.quantile(0.5) == 50)
    #expect(histogram.quantile(0.99) == 99)
    #expect(histogram.quantile(0.999) == 100)
    #expect(histogram.count(above: 90) == 10)
    #expect(LatencyHistogram().quantile(0.99) == 0)
  }

  @Test("merged from parts is the one recorded in one piece, in memory and through a file")
  func merging() throws {
    let parts = (1...3).map { durations(20_000, seed: $0) }
    let whole = histogram(parts.flatMap(\.self))
    var sum = LatencyHistogram()
    for part in parts {
      let text = histogram(part).json.written
      sum += try #require(LatencyHistogram(try JSON(parsing: text)))
    }
    #expect(sum == whole)
    #expect(sum.json == whole.json)
  }

  @Test("keeps what is longer than its cells as the longest")
  func tooLong() {
    let histogram = histogram([5, LatencyHistogram.longest * 4])
    #expect(histogram.max == LatencyHistogram.longest * 4)
    #expect(histogram.quantile(0.99) == histogram.max)
  }
}
