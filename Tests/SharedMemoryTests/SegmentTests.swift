import Glibc
import SharedMemory
import Testing

@Suite("Segments")
struct SegmentTests {
  @Test("An instance names, lists and removes its segments and no others")
  func instances() throws {
    let scratch = Scratch()
    let other = Scratch()
    _ = try ExchangeSegment.openOrCreate(scratch.instance)
    _ = try SymbolSegment.openOrCreate(scratch.instance, symbolName: "BTC/USD", id: 1)
    _ = try ExchangeSegment.openOrCreate(other.instance)
    let prefix = "/outcry.\(scratch.instance.name)."
    #expect(scratch.instance.list() == [prefix + "BTC%2FUSD", prefix + "exchange"])
    #expect(scratch.instance.removeAll() == 2)
    #expect(scratch.instance.list().isEmpty)
    #expect(other.instance.list().count == 1)
    #expect(throws: SegmentError.badName("a.b")) { try Instance(name: "a.b") }
    #expect(throws: SegmentError.badName("")) { try Instance(name: "") }
  }

  @Test("A symbol called exchange does not meet the exchange segment")
  func reservedName() throws {
    let scratch = Scratch()
    let name = scratch.instance.segmentName(ofSymbol: "exchange")
    #expect(name != scratch.instance.exchangeName)
  }

  @Test("Opening twice reaches the same memory")
  func same() throws {
    let scratch = Scratch()
    let one = try SymbolSegment.openOrCreate(scratch.instance, symbolName: "A", id: 7)
    let two = try #require(try SymbolSegment.open(scratch.instance, symbolName: "A", id: 7))
    #expect(one.segment.nonce == two.segment.nonce)
    let lock = try #require(try one.engineLock())
    lock.setCommitted(42)
    #expect(two.committedSequence == 42)
  }

  @Test("Looking for a segment does not make it")
  func lookOnly() throws {
    let scratch = Scratch()
    #expect(try ExchangeSegment.open(scratch.instance) == nil)
    #expect(scratch.instance.list().isEmpty)
  }

  @Test("Another layout is refused with both versions")
  func layout() throws {
    let scratch = Scratch()
    var plan = ExchangeSegment.plan(scratch.instance)
    plan.layout = 99
    _ = try Segment.openOrCreate(plan)
    let error = #expect(throws: SegmentError.self) {
      _ = try ExchangeSegment.openOrCreate(scratch.instance)
    }
    let text = error?.description ?? ""
    #expect(
      text.contains("layout version 99") && text.contains("needs \(OUTCRY_EXCHANGE_LAYOUT)"),
      "\(text)")
  }

  @Test("A symbol's segment under another id, or a file of somebody else, is refused")
  func foreign() throws {
    let scratch = Scratch()
    _ = try SymbolSegment.openOrCreate(scratch.instance, symbolName: "A", id: 7)
    let error = #expect(throws: SegmentError.self) {
      _ = try SymbolSegment.openOrCreate(scratch.instance, symbolName: "A", id: 8)
    }
    #expect("\(error!)".contains("symbol id 7, expected 8"))
    let descriptor = shm_open(scratch.instance.exchangeName, O_RDWR | O_CREAT, 0o600)
    let junk = [UInt8](repeating: 0x55, count: 100)
    #expect(write(descriptor, junk, junk.count) == junk.count)
    close(descriptor)
    let other = #expect(throws: SegmentError.self) {
      _ = try ExchangeSegment.openOrCreate(scratch.instance)
    }
    #expect("\(other!)".contains("not an Outcry segment"))
  }

  @Test("What a dead creator left half-made, at any stage, is made anew")
  func halfMade() throws {
    for stage in 0..<3 {
      let scratch = Scratch()
      let plan = SymbolSegment.plan(scratch.instance, symbolName: "A", id: 1)
      let descriptor = shm_open(plan.name, O_RDWR | O_CREAT, 0o600)
      if stage >= 1 { try Segment.layOut(descriptor, plan) }
      if stage == 2 {
        let junk = [UInt8](repeating: 0x55, count: 4096)
        #expect(pwrite(descriptor, junk, 12, 0) == 12)
        #expect(pwrite(descriptor, junk, junk.count, 4096) == junk.count)
      }
      close(descriptor)
      #expect(try SymbolSegment.open(scratch.instance, symbolName: "A", id: 1) == nil)
      let made = try SymbolSegment.openOrCreate(scratch.instance, symbolName: "A", id: 1)
      #expect(made.ring.depth == 0)
      #expect(made.ring.push(MailboxReference(rawValue: 1)) == 0)
    }
  }

  @Test("One engine at a time has a symbol, and each gets a new epoch")
  func engineLock() throws {
    let scratch = Scratch()
    let one = try SymbolSegment.openOrCreate(scratch.instance, symbolName: "A", id: 1)
    let two = try SymbolSegment.openOrCreate(scratch.instance, symbolName: "A", id: 1)
    #expect(!two.isEngineAlive)
    let first = try #require(try one.engineLock())
    #expect(first.epoch == 1)
    #expect(try two.engineLock() == nil)
    #expect(try one.engineLock() == nil)
    #expect(one.isEngineAlive && two.isEngineAlive)
    first.release()
    #expect(try two.engineLock(epochAbove: 9)?.epoch == 10)
    #expect(one.epoch == 10)
  }
}
