import SharedMemory
import Testing

func sample(_ id: UInt32, _ name: String? = nil, maxQuantity: Int64 = 10) -> Symbol {
  var rules = Rules()
  rules.max_quantity = maxQuantity
  return Symbol(
    id: id, name: name ?? "SYM\(id)-USD", base: "SYM\(id)", quote: "USD",
    tick: Scale(digits: 2, units: 1), lot: Scale(digits: 5, units: 1), rules: rules, shard: 3)
}

@Suite("Symbol directory, scoreboard and board")
struct DirectoryTests {
  let scratch = Scratch()

  @Test("Symbols are found by id and by the bytes of their name")
  func lookup() throws {
    let exchange = try ExchangeSegment.openOrCreate(scratch.instance)
    let reader = try #require(try ExchangeSegment.open(scratch.instance))
    for id in 1...UInt32(4096) { try exchange.add(sample(id)) }
    #expect(reader.count == 4096 && reader.all.count == 4096)
    for id in 1...UInt32(4096) {
      #expect(reader.symbol(id: id) == sample(id))
      #expect(reader.symbol(named: "SYM\(id)-USD") == sample(id))
    }
    #expect(reader.symbol(id: 0) == nil && reader.symbol(id: 5000) == nil)
    #expect(reader.symbol(id: UInt32.max) == nil)
    #expect(reader.symbol(named: "SYM") == nil && reader.symbol(named: "") == nil)
    #expect(throws: SegmentError.directoryFull) { try exchange.add(sample(5000)) }
  }

  @Test("Rules and shard can be replaced, identity cannot")
  func update() throws {
    let exchange = try ExchangeSegment.openOrCreate(scratch.instance)
    try exchange.add(sample(1))
    for quantity in Int64(1)...50 {
      #expect(try exchange.update(sample(1, maxQuantity: quantity)))
      #expect(exchange.entry(id: 1)?.rules.max_quantity == quantity)
    }
    #expect(exchange.count == 1)
    #expect(try !exchange.update(sample(2)))
    #expect(throws: SegmentError.symbolConflict(name: "OTHER")) {
      try exchange.add(sample(1, "OTHER"))
    }
    #expect(throws: SegmentError.symbolConflict(name: "SYM1-USD")) {
      try exchange.add(sample(2, "SYM1-USD"))
    }
    let long = String(repeating: "x", count: 33)
    #expect(throws: SegmentError.badName(long)) { try exchange.add(sample(3, long)) }
  }

  @Test("The scoreboard shows who lives and how the dead ended; their lines are used again")
  func scores() throws {
    let exchange = try ExchangeSegment.openOrCreate(scratch.instance)
    let other = try #require(try ExchangeSegment.open(scratch.instance))
    let first = try #require(try exchange.claimScore(.engine, symbolID: 5))
    let second = try #require(try other.claimScore(.worker, number: 2))
    first.set(.committing)
    first.add(counter: 7, 40)
    first.add(counter: 7, 2)
    var seen = other.scores()
    #expect(seen.map(\.role) == [.engine, .worker])
    #expect(seen[0].stage == .committing && seen[0].counters[7] == 42)
    #expect(seen[0].symbolID == 5 && seen[1].number == 2)
    #expect(!seen.contains { !$0.isAlive })
    first.abandon()
    seen = other.scores()
    #expect(!seen[0].isAlive && seen[1].isAlive)
    second.beat()
    _ = try #require(try other.claimScore(.feed))
    #expect(exchange.scores().map(\.role) == [.feed, .worker])
  }

  @Test("A board is read as it was published, in part or whole; half a board is never seen")
  func board() throws {
    let symbol = try SymbolSegment.openOrCreate(scratch.instance, symbolName: "B", id: 1)
    #expect(symbol.board.summary() == nil)
    let writer = try #require(try symbol.engineLock()).boardWriter
    let bids = (0..<1500).map { BoardLevel(price: Int64(2000 - $0), quantity: 1) }
    let asks = (0..<3).map { BoardLevel(price: Int64(2001 + $0), quantity: 2) }
    var summary = BoardSummary()
    summary.sequence = 9
    bids.withUnsafeBufferPointer { bids in
      asks.withUnsafeBufferPointer { writer.publish(summary, bids: bids, asks: $0) }
    }
    #expect(symbol.board.version == 1)
    var readBids = [BoardLevel](repeating: BoardLevel(), count: 1024)
    var readAsks = [BoardLevel](repeating: BoardLevel(), count: 2)
    let read = readBids.withUnsafeMutableBufferPointer { bids in
      readAsks.withUnsafeMutableBufferPointer { symbol.board.read(bids: bids, asks: $0) }
    }
    #expect(read?.bids == 1024 && read?.asks == 2 && read?.summary.sequence == 9)
    #expect(readBids[1023].price == 2000 - 1023 && readAsks[1].price == 2002)
    summary.sequence = 10
    let none = UnsafeBufferPointer<BoardLevel>(start: nil, count: 0)
    _ = writer.fill(summary, bids: none, asks: none)
    #expect(symbol.board.summary()?.sequence == 9)
    _ = writer.fill(summary, bids: none, asks: none)
    writer.publish(summary, bids: none, asks: none)
    #expect(symbol.board.summary()?.sequence == 10)
  }

  @Test("A read during which a board was published starts again, and gives up in the end")
  func disturbedRead() throws {
    let symbol = try SymbolSegment.openOrCreate(scratch.instance, symbolName: "D", id: 1)
    let writer = try #require(try symbol.engineLock()).boardWriter
    let none = UnsafeBufferPointer<BoardLevel>(start: nil, count: 0)
    let noRoom = UnsafeMutableBufferPointer<BoardLevel>(start: nil, count: 0)
    var summary = BoardSummary()
    func publish() {
      summary.sequence += 1
      writer.publish(summary, bids: none, asks: none)
    }
    publish()
    let read = symbol.board.read(bids: noRoom, asks: noRoom, attempts: 10) {
      if summary.sequence < 5 { publish() }
    }
    #expect(read?.summary.sequence == 5)
    let never = symbol.board.read(bids: noRoom, asks: noRoom, attempts: 10) { publish() }
    #expect(never?.summary.sequence == nil && summary.sequence == 15)
  }

  @Test("Metrics and progress are seen by everybody")
  func metrics() throws {
    let symbol = try SymbolSegment.openOrCreate(scratch.instance, symbolName: "M", id: 1)
    let lock = try #require(try symbol.engineLock())
    lock.addMetric(63, 5)
    lock.addMetric(63, 6)
    lock.setMetric(0, to: 3)
    lock.setProjected(8)
    let other = try #require(try SymbolSegment.open(scratch.instance, symbolName: "M", id: 1))
    #expect(other.metric(63) == 11 && other.metric(0) == 3)
    #expect(other.projectedSequence == 8)
  }
}
