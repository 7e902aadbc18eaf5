import Glibc
import OrderBook
import Wire

/// The idempotency keys of the last commands, oldest first, found by fingerprint.
///
/// It remembers at least the last `window` commands, and a key of an order that is still open for
/// as long as it is. Entries sit in a circle in the order they came; a table of entry numbers with
/// linear probing finds them. All memory is reserved at the start and touched as it fills, so a
/// quiet symbol costs next to nothing and a busy one never stalls on a rehash.
struct KeyWindow: ~Copyable {
  struct Entry {
    var fingerprint: Fingerprint
    var content: UInt64
    var sequence: UInt64
  }

  private let window: UInt64
  private let entries: UnsafeMutablePointer<Entry>
  private let entryMask: UInt64
  /// Entry number + 1 in the low bits; zero is empty.
  private let table: UnsafeMutablePointer<UInt32>
  private let tableMask: UInt64
  private let mapping: UnsafeMutableRawPointer
  private let mappingLength: Int
  private var oldest: UInt64 = 0
  private var next: UInt64 = 0

  /// Room for `window` commands and `openOrders` orders that have left it but are still open.
  init(window: Int, openOrders: Int) {
    precondition(window > 0 && openOrders >= 0, "a key window needs room")
    let capacity = KeyWindow.powerOfTwo(atLeast: window + openOrders + 1)
    precondition(capacity < Int(UInt32.max), "a key window holds less than 2^32 keys")
    let entryBytes = capacity * MemoryLayout<Entry>.stride
    let tableBytes = capacity * 2 * MemoryLayout<UInt32>.stride
    mappingLength = entryBytes + tableBytes
    guard
      let mapped = mmap(
        nil, mappingLength, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
        -1, 0), mapped != MAP_FAILED
    else { preconditionFailure("no address space for the key window") }
    mapping = mapped
    entries = mapped.assumingMemoryBound(to: Entry.self)
    table = (mapped + entryBytes).assumingMemoryBound(to: UInt32.self)
    entryMask = UInt64(capacity - 1)
    tableMask = UInt64(capacity * 2 - 1)
    self.window = UInt64(window)
  }

  deinit {
    munmap(mapping, mappingLength)
  }

  func find(_ fingerprint: Fingerprint) -> Entry? {
    var slot = fingerprint.low & tableMask
    while table[Int(slot)] != 0 {
      let entry = entries[Int(table[Int(slot)] - 1)]
      if entry.fingerprint == fingerprint { return entry }
      slot = (slot + 1) & tableMask
    }
    return nil
  }

  /// Remembers a key that is not in the window. At most two old entries are looked at, so the cost
  /// is bounded: one whose order is still open goes to the back, any other is forgotten.
  mutating func insert(_ entry: Entry, of symbol: UInt32, openIn book: borrowing OrderBook) {
    append(entry)
    for _ in 0..<2 where next - oldest > window {
      let old = entries[Int(oldest & entryMask)]
      remove(old.fingerprint)
      oldest += 1
      if book.isOpen(OrderID.make(symbol: symbol, sequence: old.sequence)) { append(old) }
    }
  }

  /// The numbers of the entries, from the oldest to the newest. They only ever grow.
  var range: Range<UInt64> { oldest..<next }

  var capacity: Int { Int(entryMask) }

  /// Whether an entry of this number, forgotten or not, has not been written over.
  func stillHolds(_ number: UInt64) -> Bool { next - number <= entryMask }

  /// Copies entries from the number on, as many as have room, and moves the number behind them.
  func copy(
    from number: inout UInt64, to end: UInt64, into buffer: UnsafeMutableRawBufferPointer
  ) -> Int {
    let stride = MemoryLayout<Entry>.stride
    var written = 0
    while number < end, written + stride <= buffer.count {
      buffer.storeBytes(
        of: entries[Int(number & entryMask)], toByteOffset: written, as: Entry.self)
      number += 1
      written += stride
    }
    return written
  }

  /// The same for two windows that know the same keys, for the same content, in the same order.
  var hash: UInt64 {
    var sum: UInt64 = 0
    for number in range {
      let entry = entries[Int(number & entryMask)]
      sum = (sum ^ entry.fingerprint.low ^ entry.sequence) &* 0xFF51_AFD7_ED55_8CCD
      sum = (sum ^ entry.fingerprint.high ^ entry.content) &* 0xC4CE_B9FE_1A85_EC53
      sum ^= sum >> 32
    }
    return sum
  }

  mutating func append(_ entry: Entry) {
    precondition(next - oldest <= entryMask, "more open orders than the key window has room for")
    let index = next & entryMask
    entries[Int(index)] = entry
    next += 1
    var slot = entry.fingerprint.low & tableMask
    while table[Int(slot)] != 0 { slot = (slot + 1) & tableMask }
    table[Int(slot)] = UInt32(index + 1)
  }

  /// Takes the key out and closes the gap it leaves, so that probing needs no tombstones.
  private mutating func remove(_ fingerprint: Fingerprint) {
    var gap = fingerprint.low & tableMask
    while entries[Int(table[Int(gap)] - 1)].fingerprint != fingerprint {
      gap = (gap + 1) & tableMask
    }
    var slot = (gap + 1) & tableMask
    while table[Int(slot)] != 0 {
      let home = entries[Int(table[Int(slot)] - 1)].fingerprint.low & tableMask
      if (slot &- home) & tableMask >= (slot &- gap) & tableMask {
        table[Int(gap)] = table[Int(slot)]
        gap = slot
      }
      slot = (slot + 1) & tableMask
    }
    table[Int(gap)] = 0
  }

  private static func powerOfTwo(atLeast value: Int) -> Int {
    1 << (Int.bitWidth - (value - 1).leadingZeroBitCount)
  }
}
