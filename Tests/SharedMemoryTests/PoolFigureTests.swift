import SharedMemory
import Testing

@Suite("The figures of the worker pool")
struct PoolFigureTests {
  @Test("are seen by whoever opens the segment, each in a place of its own")
  func shared() throws {
    let scratch = Scratch()
    let writer = try ExchangeSegment.openOrCreate(scratch.instance)
    for figure in PoolFigure.allCases {
      #expect(writer.pool[figure] == 0)
      writer.pool[figure] = UInt64(1000 + figure.rawValue)
    }
    let reader = try #require(try ExchangeSegment.open(scratch.instance))
    for figure in PoolFigure.allCases {
      #expect(reader.pool[figure] == UInt64(1000 + figure.rawValue))
    }
    #expect(writer.count == 0, "the directory beside them is untouched")
  }
}
