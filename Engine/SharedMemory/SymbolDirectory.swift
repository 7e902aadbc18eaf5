import Glibc
import Synchronization

/// Lookups. Each costs a hash and one or two cache misses, and allocates nothing.
extension ExchangeSegment {
  @inlinable
  public var count: Int {
    Int(segment.base.word32(Int(OUTCRY_EXCHANGE_COUNT)).pointee.load(ordering: .acquiring))
  }

  /// In the order they were added.
  public var all: [Symbol] { (0..<count).map { entry(at: $0).symbol } }

  @inlinable
  public func entry(at index: Int) -> SymbolEntry {
    precondition(index >= 0 && index < Int(OUTCRY_DIRECTORY_CAPACITY), "no such entry")
    let entries = segment.base + Int(OUTCRY_EXCHANGE_ENTRIES)
    return SymbolEntry(entries.assumingMemoryBound(to: outcry_symbol_entry.self) + index)
  }

  @inlinable
  public func entry(id: UInt32) -> SymbolEntry? {
    guard id < UInt32(OUTCRY_SYMBOL_IDS) else { return nil }
    let word = segment.base.word32(Int(OUTCRY_EXCHANGE_IDS) + 4 * Int(id))
    let found = word.pointee.load(ordering: .acquiring)
    return found == 0 ? nil : entry(at: Int(found) - 1)
  }

  @inlinable
  public func entry(named name: UnsafeRawBufferPointer) -> SymbolEntry? {
    var bucket = ExchangeSegment.bucket(of: name)
    while true {
      let found = nameWord(bucket).pointee.load(ordering: .acquiring)
      if found == 0 { return nil }
      let entry = entry(at: Int(found) - 1)
      if entry.isNamed(name) { return entry }
      bucket = (bucket &+ 1) & (Int(OUTCRY_DIRECTORY_BUCKETS) &- 1)
    }
  }

  public func entry(named name: String) -> SymbolEntry? {
    var name = name
    return name.withUTF8 { entry(named: UnsafeRawBufferPointer($0)) }
  }

  public func symbol(id: UInt32) -> Symbol? { entry(id: id)?.symbol }
  public func symbol(named name: String) -> Symbol? { entry(named: name)?.symbol }

  @inlinable
  func nameWord(_ bucket: Int) -> Word32 {
    segment.base.word32(Int(OUTCRY_EXCHANGE_NAMES) + 4 * bucket)
  }

  /// FNV-1a. At most half of the buckets are ever in use, so probing ends.
  @inlinable
  static func bucket(of name: UnsafeRawBufferPointer) -> Int {
    var hash: UInt32 = 2_166_136_261
    for byte in name { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
    return Int(hash ^ (hash >> 13)) & (Int(OUTCRY_DIRECTORY_BUCKETS) - 1)
  }
}

/// Changes. Any process may make them; the engine manager is the one that does.
extension ExchangeSegment {
  /// Adds the symbol, or puts its rules and shard in force when it is there already. Who knows more
  /// than the shard of its place says so.
  public func add(_ symbol: Symbol, at place: SymbolPlace? = nil) throws(SegmentError) {
    try write { () throws(SegmentError) in
      try ExchangeSegment.check(symbol)
      repairIndexes()
      if let known = entry(id: symbol.id) ?? entry(named: symbol.name) {
        let now = known.symbol
        guard now.id == symbol.id, now.name == symbol.name, now.base == symbol.base,
          now.quote == symbol.quote, now.tick == symbol.tick, now.lot == symbol.lot
        else { throw .symbolConflict(name: symbol.name) }
        var next = place ?? known.place
        next.shard = symbol.shard
        if now != symbol || next != known.place {
          known.publish(rules: symbol.rules, place: next)
        }
      } else {
        try append(symbol, at: place ?? SymbolPlace(shard: symbol.shard))
      }
    }
  }

  /// Puts the rules and shard of a known symbol in force; false when it is not known.
  public func update(_ symbol: Symbol) throws(SegmentError) -> Bool {
    guard entry(id: symbol.id) != nil else { return false }
    try add(symbol)
    return true
  }

  private func append(_ symbol: Symbol, at place: SymbolPlace) throws(SegmentError) {
    let index = count
    guard index < Int(OUTCRY_DIRECTORY_CAPACITY) else { throw .directoryFull }
    let length = MemoryLayout<outcry_symbol_entry>.stride
    try segment.reserve(
      offset: Int(OUTCRY_EXCHANGE_ENTRIES) + index * length, length: length)
    let slot = entry(at: index)
    slot.entry.pointee.id = symbol.id
    slot.entry.pointee.tick_digits = symbol.tick.digits
    slot.entry.pointee.tick_units = symbol.tick.units
    slot.entry.pointee.lot_digits = symbol.lot.digits
    slot.entry.pointee.lot_units = symbol.lot.units
    slot.entry.pointee.name_length = ExchangeSegment.write(
      symbol.name, to: &slot.entry.pointee.name)
    slot.entry.pointee.base_length = ExchangeSegment.write(
      symbol.base, to: &slot.entry.pointee.base)
    slot.entry.pointee.quote_length = ExchangeSegment.write(
      symbol.quote, to: &slot.entry.pointee.quote)
    slot.publish(rules: symbol.rules, place: place)
    let counter = segment.base.word32(Int(OUTCRY_EXCHANGE_COUNT))
    counter.pointee.store(UInt32(index + 1), ordering: .releasing)
    repairIndexes()
  }

  /// Files the newest entry, also one whose writer died before it did. Older ones were filed
  /// before the next was appended.
  private func repairIndexes() {
    guard count > 0 else { return }
    let newest = entry(at: count - 1)
    let filed = UInt32(count)
    if entry(named: UnsafeRawBufferPointer(newest.name)) == nil {
      var bucket = ExchangeSegment.bucket(of: UnsafeRawBufferPointer(newest.name))
      while nameWord(bucket).pointee.load(ordering: .relaxed) != 0 {
        bucket = (bucket + 1) & (Int(OUTCRY_DIRECTORY_BUCKETS) - 1)
      }
      nameWord(bucket).pointee.store(filed, ordering: .releasing)
    }
    segment.base.word32(Int(OUTCRY_EXCHANGE_IDS) + 4 * Int(newest.id))
      .pointee.store(filed, ordering: .releasing)
  }

  private static func check(_ symbol: Symbol) throws(SegmentError) {
    guard symbol.id > 0, symbol.id <= OrderID.largestSymbol,
      (1...32).contains(symbol.name.utf8.count), symbol.base.utf8.count <= 16,
      symbol.quote.utf8.count <= 16
    else { throw .badName(symbol.name) }
  }

  private static func write<Bytes>(_ text: String, to field: inout Bytes) -> UInt8 {
    withUnsafeMutableBytes(of: &field) { $0.copyBytes(from: text.utf8) }
    return UInt8(text.utf8.count)
  }

  /// Waits for another writer, which holds the lock for microseconds or dies.
  private func write(_ body: () throws(SegmentError) -> Void) throws(SegmentError) {
    try directoryWriter.withLock { _ throws(SegmentError) in
      let byte = Int64(OUTCRY_LOCK_DIRECTORY)
      let deadline = Clock.monotonicNanos() + 5_000_000_000
      while try !segment.tryLock(byte) {
        if Clock.monotonicNanos() > deadline { throw SegmentError.busy(name: segment.name) }
        usleep(100)
      }
      defer { segment.unlock(byte) }
      try body()
    }
  }
}
