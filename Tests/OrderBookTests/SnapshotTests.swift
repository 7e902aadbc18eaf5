import OrderBook
import TestSupport
import Testing
import Wire

@Suite("Snapshots and state hashes")
struct SnapshotTests {
  private func book(seed: UInt64, commands: Int) throws -> OrderBook {
    var generator = RandomCommands(seed: seed)
    var obvious = ObviousBook(rules: generator.rules, mostOrders: 100, mostRefills: 100)
    var book = try OrderBook(
      rules: generator.rules, capacity: Capacity(orders: 100, refillsPerCommand: 100))
    var events = try EventBuffer(capacity: book.mostEventsPerCommand)
    for _ in 0..<commands {
      let command = generator.next(obvious.openOrders)
      _ = obvious.apply(command)
      events.removeAll()
      _ = book.apply(command, into: &events)
    }
    return book
  }

  private func bytes(of book: inout OrderBook) -> [UInt8] {
    var bytes: [UInt8] = []
    var slice = [UInt8](repeating: 0, count: 1500)
    book.beginSnapshot()
    while book.isWritingSnapshot {
      let written = slice.withUnsafeMutableBytes { book.writeSnapshot(into: $0) }
      bytes += slice.prefix(written)
    }
    return bytes
  }

  private func fault(reading bytes: [UInt8], orders: Int = 100) -> SnapshotFault? {
    do {
      var reader = try SnapshotReader(capacity: Capacity(orders: orders))
      try bytes.withUnsafeBytes { try reader.read($0) }
      _ = try reader.finish()
      return nil
    } catch {
      return error as? SnapshotFault
    }
  }

  @Test("the same commands give the same hash, other commands another")
  func sameCommandsSameHash() throws {
    for seed in 1...20 as ClosedRange<UInt64> {
      let once = try book(seed: seed, commands: 500)
      let again = try book(seed: seed, commands: 500)
      let longer = try book(seed: seed, commands: 530)
      #expect(once.stateHash == again.stateHash)
      #expect(once.stateHash != longer.stateHash)
    }
  }

  @Test("any damaged byte is noticed, and any missing one")
  func damage() throws {
    var book = try book(seed: 5, commands: 400)
    let whole = bytes(of: &book)
    #expect(book.openOrders > 3)
    #expect(fault(reading: whole) == nil)
    for place in whole.indices {
      var damaged = whole
      damaged[place] ^= 0x10
      #expect(fault(reading: damaged) != nil, "byte \(place)")
    }
    #expect(fault(reading: Array(whole.dropLast())) == .cutShort)
    #expect(fault(reading: whole + [0]) == .damaged)
    #expect(fault(reading: []) == .cutShort)
    #expect(fault(reading: whole, orders: 2) == .tooManyOrders(UInt64(book.openOrders)))
  }

  @Test("a snapshot of another version names both versions")
  func version() throws {
    var book = try book(seed: 5, commands: 10)
    var whole = bytes(of: &book)
    whole[8] = 9
    #expect(fault(reading: whole) == .version(found: 9, known: 1))
    whole[0] = 0
    #expect(fault(reading: whole) == .notASnapshot)
  }
}
