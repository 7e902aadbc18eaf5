import Synchronization

/// Where a symbol is, and what its table says about its market.
public struct SymbolPlace: Hashable, Sendable {
  public var shard: UInt32
  /// The market's state as the table of symbols has it; 0 when nobody told.
  public var state: UInt8
  /// It is about to leave its shard: its engine rests.
  public var isMoving: Bool

  public init(shard: UInt32, state: UInt8 = 0, isMoving: Bool = false) {
    self.shard = shard
    self.state = state
    self.isMoving = isMoving
  }

  init(word: UInt64) {
    shard = UInt32(truncatingIfNeeded: word)
    state = UInt8(truncatingIfNeeded: word >> 32)
    isMoving = word >> 40 & 1 == 1
  }

  var word: UInt64 { UInt64(shard) | UInt64(state) << 32 | (isMoving ? 1 << 40 : 0) }
}

/// A symbol in the directory, read in place without allocation. Entries are never removed.
public struct SymbolEntry: @unchecked Sendable {
  @usableFromInline let entry: UnsafeMutablePointer<outcry_symbol_entry>

  @inlinable
  init(_ entry: UnsafeMutablePointer<outcry_symbol_entry>) { self.entry = entry }

  @inlinable public var id: UInt32 { entry.pointee.id }

  @inlinable
  public var tick: Scale {
    Scale(digits: entry.pointee.tick_digits, units: entry.pointee.tick_units)
  }

  @inlinable
  public var lot: Scale {
    Scale(digits: entry.pointee.lot_digits, units: entry.pointee.lot_units)
  }

  /// As they are now: an operator may replace them at any time.
  public var rules: Rules { changeable.rules }

  /// Every request asks for it where there are several shards, so it is read alone.
  public var place: SymbolPlace {
    while true {
      let before = version.pointee.load(ordering: .acquiring)
      let word = shardCopy(before).pointee.load(ordering: .relaxed)
      atomicMemoryFence(ordering: .acquiring)
      if version.pointee.load(ordering: .relaxed) == before { return SymbolPlace(word: word) }
    }
  }

  /// The name's bytes, in shared memory.
  @inlinable
  public var name: UnsafeBufferPointer<UInt8> {
    bytes(at: \.name, length: entry.pointee.name_length)
  }

  public var symbol: Symbol {
    let (rules, place) = changeable
    return Symbol(
      id: id, name: String(decoding: name, as: UTF8.self),
      base: String(decoding: bytes(at: \.base, length: entry.pointee.base_length), as: UTF8.self),
      quote: String(
        decoding: bytes(at: \.quote, length: entry.pointee.quote_length), as: UTF8.self),
      tick: tick, lot: lot, rules: rules, shard: place.shard)
  }

  @inlinable
  func isNamed(_ wanted: UnsafeRawBufferPointer) -> Bool {
    wanted.elementsEqual(UnsafeRawBufferPointer(name))
  }

  @inlinable
  func bytes(at field: PartialKeyPath<outcry_symbol_entry>, length: UInt8)
    -> UnsafeBufferPointer<UInt8>
  {
    let offset = MemoryLayout<outcry_symbol_entry>.offset(of: field)!
    let start = (UnsafeMutableRawPointer(entry) + offset).assumingMemoryBound(to: UInt8.self)
    return UnsafeBufferPointer(start: start, count: Int(length))
  }

  @inlinable var version: Word32 { UnsafeMutableRawPointer(entry).word32(0) }

  /// The copy in force; a writer only ever touches the other one, so a reader starts again when
  /// the version moved under it and a writer that died half-way is never seen.
  private var changeable: (rules: Rules, place: SymbolPlace) {
    while true {
      let before = version.pointee.load(ordering: .acquiring)
      var rules = Rules()
      rulesCopy(before).loadWords(into: &rules, length: MemoryLayout<Rules>.size)
      let shard = shardCopy(before).pointee.load(ordering: .relaxed)
      atomicMemoryFence(ordering: .acquiring)
      if version.pointee.load(ordering: .relaxed) == before {
        return (rules, SymbolPlace(word: shard))
      }
    }
  }

  private func rulesCopy(_ version: UInt32) -> UnsafeMutableRawPointer {
    let offset = MemoryLayout<outcry_symbol_entry>.offset(of: \.rules)!
    return UnsafeMutableRawPointer(entry) + offset
      + Int(version & 1) * MemoryLayout<Rules>.stride
  }

  private func shardCopy(_ version: UInt32) -> Word64 {
    let offset = MemoryLayout<outcry_symbol_entry>.offset(of: \.shards)!
    return UnsafeMutableRawPointer(entry).word64(offset + Int(version & 1) * 8)
  }

  /// The directory's writer only. Puts the first contents or new ones in force.
  func publish(rules: Rules, place: SymbolPlace) {
    let next = max(version.pointee.load(ordering: .relaxed) &+ 1, 2)
    atomicMemoryFence(ordering: .releasing)
    withUnsafeBytes(of: rules) {
      rulesCopy(next).storeWords(from: $0.baseAddress!, length: $0.count)
    }
    shardCopy(next).pointee.store(place.word, ordering: .relaxed)
    version.pointee.store(next, ordering: .releasing)
  }
}
