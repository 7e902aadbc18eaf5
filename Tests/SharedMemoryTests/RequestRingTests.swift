import SharedMemory
import Testing

/// `next` changes the reader, which an expectation cannot.
func take(_ reader: inout RingReader) -> (position: UInt64, reference: MailboxReference)? {
  reader.next()
}

@Suite("Request ring")
struct RequestRingTests {
  let scratch = Scratch()

  func symbol(_ id: UInt32 = 1) throws -> (SymbolSegment, EngineLock) {
    let symbol = try SymbolSegment.openOrCreate(scratch.instance, symbolName: "S\(id)", id: id)
    return (symbol, try #require(try symbol.engineLock()))
  }

  @Test("What goes in comes out in order, over the end of the ring, from every position")
  func wrap() throws {
    let (symbol, lock) = try symbol()
    let capacity = UInt64(symbol.ring.capacity)
    symbol.startRing(at: 0)
    var (reader, releaser) = lock.ringEnds()
    for position in 0..<(3 * capacity) {
      for step in UInt64(0)..<2 {
        let reference = MailboxReference(rawValue: UInt32(1 + position * 2 + step))
        #expect(symbol.ring.push(reference) == position * 2 + step)
      }
      for step in UInt64(0)..<2 {
        let got = reader.next()
        let next = try #require(got)
        #expect(next.position == position * 2 + step)
        #expect(next.reference.rawValue == UInt32(1 + position * 2 + step))
      }
      releaser.release(through: position * 2 + 1)
    }
    #expect(take(&reader)?.position == nil)
    #expect(symbol.ring.depth == 0)
  }

  @Test("A full ring is nil, from any position and lap, and takes again after a release")
  func full() throws {
    let (symbol, lock) = try symbol(2)
    let capacity = UInt64(symbol.ring.capacity)
    let starts = [0, 1, capacity - 1, capacity, capacity << 32 - 3, UInt64(1) << 40 + 77]
    for start in starts {
      symbol.startRing(at: start)
      var (reader, releaser) = lock.ringEnds()
      for step in 0..<capacity {
        #expect(symbol.ring.push(MailboxReference(rawValue: 5)) == start + step)
      }
      #expect(symbol.ring.push(MailboxReference(rawValue: 5)) == nil)
      #expect(symbol.ring.depth == Int(capacity))
      #expect(take(&reader)?.position == start)
      #expect(symbol.ring.push(MailboxReference(rawValue: 5)) == nil)
      releaser.release(through: start)
      #expect(symbol.ring.push(MailboxReference(rawValue: 6)) == start + capacity)
      #expect(symbol.ring.push(MailboxReference(rawValue: 5)) == nil)
      for step in 1...capacity { #expect(take(&reader)?.position == start + step) }
      #expect(take(&reader)?.position == nil)
    }
  }

  @Test("A writer that died right after publishing holds up nobody")
  func unfinishedPush() throws {
    let (symbol, lock) = try symbol(3)
    var (reader, releaser) = lock.ringEnds()
    #expect(symbol.ring.publish(MailboxReference(rawValue: 1)) == 0)
    #expect(take(&reader)?.position == 0)
    #expect(symbol.ring.push(MailboxReference(rawValue: 2)) == 1)
    #expect(take(&reader)?.reference.rawValue == 2)
    #expect(symbol.ring.publish(MailboxReference(rawValue: 3)) == 2)
    #expect(take(&reader)?.reference.rawValue == 3)
    releaser.release(through: 2)
    #expect(symbol.ring.depth == 0)
    #expect(symbol.ring.push(MailboxReference(rawValue: 4)) == 3)
  }

  @Test("An engine that died while releasing is followed by one that goes on behind it")
  func unfinishedRelease() throws {
    let (symbol, lock) = try symbol(4)
    for value in 1...5 { _ = symbol.ring.push(MailboxReference(rawValue: UInt32(value))) }
    let (_, dying) = lock.ringEnds()
    dying.free(0)
    dying.free(1)
    var (reader, releaser) = lock.ringEnds()
    #expect(releaser.head == 2)
    #expect(take(&reader)?.reference.rawValue == 3)
    #expect(take(&reader)?.position == 3)
    releaser.release(through: 3)
    #expect(symbol.ring.depth == 1)
  }

  @Test("The wait ends at its time, at once when there is work, and when somebody wakes it")
  func waiting() throws {
    let (symbol, lock) = try symbol(5)
    var (reader, _) = lock.ringEnds()
    let start = Clock.monotonicNanos()
    let none = reader.waitForWork(timeoutNanos: 20_000_000)
    #expect(!none)
    #expect(Clock.monotonicNanos() - start >= 20_000_000)
    let due = reader.waitForWork(timeoutNanos: 60_000_000_000, unless: { true })
    #expect(!due)
    _ = symbol.ring.push(MailboxReference(rawValue: 1))
    let work = reader.waitForWork(timeoutNanos: 60_000_000_000)
    #expect(work)
  }
}
