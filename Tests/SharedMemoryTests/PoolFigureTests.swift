import SharedMemory
import Testing

@Suite("The figures of the worker pools")
struct PoolFigureTests {
  @Test("are seen by whoever opens the segment, each in a place of its own")
  func shared() throws {
    let scratch = Scratch()
    let writer = try ExchangeSegment.openOrCreate(scratch.instance)
    let record = try #require(try writer.claimPool())
    for figure in PoolFigure.allCases {
      #expect(writer.pool[figure] == 0)
      record[figure] = UInt64(1000 + figure.rawValue)
    }
    let reader = try #require(try ExchangeSegment.open(scratch.instance))
    for figure in PoolFigure.allCases where figure != .busy {
      #expect(reader.pool[figure] == UInt64(1000 + figure.rawValue))
    }
    #expect(writer.count == 0, "the directory beside them is untouched")
  }

  @Test("of several pools are put together; of one that has gone only what it counted stays")
  func several() throws {
    let scratch = Scratch()
    let reader = try ExchangeSegment.openOrCreate(scratch.instance)
    let first = try ExchangeSegment.openOrCreate(scratch.instance)
    let second = try ExchangeSegment.openOrCreate(scratch.instance)
    let pools = [try #require(try first.claimPool()), try #require(try second.claimPool())]
    for (number, pool) in pools.enumerated() {
      let share = UInt64(number + 1)
      pool[.updatedAt] = 10 * share
      pool[.startedAt] = 5 * share
      pool[.serving] = share
      pool[.busy] = 300 * share
      pool[.mostUnderWay] = 7 * share
      pool[.requests] = 100 * share
    }
    #expect(reader.pool[.updatedAt] == 20 && reader.pool[.startedAt] == 5)
    #expect(reader.pool[.serving] == 3 && reader.pool[.mostUnderWay] == 14)
    #expect(reader.pool[.busy] == (300 + 2 * 600) / 3)
    #expect(reader.pool[.requests] == 300)

    second.segment.close()
    #expect(reader.pool[.serving] == 1 && reader.pool[.requests] == 300)
    // Who comes next takes the place and counts on.
    let third = try ExchangeSegment.openOrCreate(scratch.instance)
    #expect(try #require(try third.claimPool())[.requests] == 200)
  }
}
