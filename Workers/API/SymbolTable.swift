import Wire

/// A symbol with what every request for it needs, computed once.
public final class SymbolEntry: Sendable {
  public let symbol: Symbol
  /// One tick x lot, the unit of quote amounts.
  public let notional: Scale
  /// The name as a JSON string, quotes included.
  let nameJSON: [UInt8]

  /// Nil when amounts in quote currency could not be written exactly, or the name needs escapes.
  public init?(_ symbol: Symbol) {
    guard let notional = symbol.tick.times(symbol.lot), SymbolEntry.isName(symbol.name) else {
      return nil
    }
    self.symbol = symbol
    self.notional = notional
    nameJSON = [0x22] + Array(symbol.name.utf8) + [0x22]
  }

  /// 1 to 24 of `A-Z 0-9 . _ -`.
  public static func isName(_ name: String) -> Bool {
    (1...24).contains(name.utf8.count)
      && name.utf8.allSatisfy { byte in
        (0x41...0x5a).contains(byte) || (0x30...0x39).contains(byte)
          || byte == 0x2d || byte == 0x2e || byte == 0x5f
      }
  }
}

/// The symbols of the exchange as they were at one moment; replaced as a whole when one is added.
public final class SymbolTable: Sendable {
  public let entries: [SymbolEntry]
  /// Open addressing, by name; -1 is free. At most half full.
  private let slots: [Int32]
  private let byID: [Int32]

  public init(_ entries: [SymbolEntry]) {
    self.entries = entries
    var size = 16
    while size < entries.count * 2 { size *= 2 }
    var slots = [Int32](repeating: -1, count: size)
    let largest = entries.map(\.symbol.id).max() ?? 0
    precondition(largest <= OrderID.largestSymbol, "symbol id too large")
    var byID = [Int32](repeating: -1, count: Int(largest) + 1)
    for (index, entry) in entries.enumerated() {
      let hash = Array(entry.symbol.name.utf8).withUnsafeBytes(SymbolTable.hash)
      var slot = Int(truncatingIfNeeded: hash) & (size - 1)
      while slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
      slots[slot] = Int32(index)
      byID[Int(entry.symbol.id)] = Int32(index)
    }
    self.slots = slots
    self.byID = byID
  }

  public func entry(named name: UnsafeRawBufferPointer) -> SymbolEntry? {
    var slot = Int(truncatingIfNeeded: SymbolTable.hash(name)) & (slots.count - 1)
    while slots[slot] >= 0 {
      let entry = entries[Int(slots[slot])]
      // Between the quotes of its JSON stands the name.
      if entry.nameJSON.count == name.count + 2,
        entry.nameJSON.withUnsafeBytes({ $0[1...].starts(with: name) })
      {
        return entry
      }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  public func entry(named name: String) -> SymbolEntry? {
    var name = name
    return name.withUTF8 { entry(named: UnsafeRawBufferPointer($0)) }
  }

  public func entry(id: UInt32) -> SymbolEntry? {
    guard id < byID.count, byID[Int(id)] >= 0 else { return nil }
    return entries[Int(byID[Int(id)])]
  }

  /// FNV-1a: names are short and come from the operator, not from clients.
  private static func hash(_ name: UnsafeRawBufferPointer) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in name { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return hash ^ hash >> 32
  }
}
