import Wire

/// The book apart from its orders, as it is hashed and stored: 8-byte words without padding.
struct StoredState {
  static let firstWord: UInt64 = 0x4B4F_4F42_5943_5455  // "UTCYBOOK", lowest byte first
  static let currentVersion: UInt32 = 1

  var magic = StoredState.firstWord
  var version = StoredState.currentVersion
  var recordLength = UInt32(MemoryLayout<StoredOrder>.stride)
  var orders: UInt64 = 0
  var rules = Rules()
  var state: UInt64 = 0
  var referencePrice: Int64 = 0
  var lastOrderID: UInt64 = 0
  var nextPriority: UInt64 = 0
  var tradeID: UInt64 = 0
  var tradePrice: Int64 = 0
  var tradeQuantity: Int64 = 0
  var tradeTime: Int64 = 0
  var tradeSide: UInt64 = 0
}

/// One open order, likewise.
struct StoredOrder {
  var id: UInt64 = 0
  var account: UInt64 = 0
  var remaining: Int64 = 0
  var shown: Int64 = 0
  var filledQuote: Int64 = 0
  var priority: UInt64 = 0
  var createdAt: Int64 = 0
  var terms = Terms()
  var key: KeyWords = (0, 0, 0, 0, 0)
  var shelf: UInt8 = 0
  var type: UInt8 = 0
  var timeInForce: UInt8 = 0
  var prevention: UInt8 = 0
  var flags: UInt8 = 0
  var keyLength: UInt8 = 0
  var spare: UInt16 = 0
}

/// Mixes a record's words. The state's hash is the sum of its records' hashes: the same whichever
/// way the orders are walked, so that a snapshot can be checked as it streams by.
func hash<Record>(_ record: Record) -> UInt64 {
  withUnsafeBytes(of: record) { bytes in
    var sum: UInt64 = 0x9E37_79B9_7F4A_7C15
    for offset in stride(from: 0, to: bytes.count, by: 8) {
      sum =
        (sum ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        &* 0xFF51_AFD7_ED55_8CCD
      sum ^= sum &>> 32
    }
    return sum
  }
}

extension OrderBook {
  /// The same for two books exactly when (but for chance) they will answer every further command
  /// alike. Walks all open orders.
  public var stateHash: UInt64 {
    var sum = hash(storedState)
    forEachSlot { sum &+= hash(stored($0)) }
    return sum
  }

  var storedState: StoredState {
    StoredState(
      orders: UInt64(orders.count), rules: rules, state: UInt64(state.rawValue),
      referencePrice: referencePrice, lastOrderID: lastOrderID, nextPriority: nextPriority,
      tradeID: lastTrade.id, tradePrice: lastTrade.price, tradeQuantity: lastTrade.quantity,
      tradeTime: lastTrade.time, tradeSide: UInt64(lastTrade.side?.rawValue ?? 0))
  }

  func stored(_ slot: UInt32) -> StoredOrder {
    let record = orders.records[slot]
    let detail = details[slot]
    return StoredOrder(
      id: record.id, account: accounts.records[record.account].id, remaining: record.remaining,
      shown: record.shown, filledQuote: record.filledQuote, priority: record.priority,
      createdAt: detail.createdAt, terms: detail.terms.whole, key: key(slot), shelf: record.shelf,
      type: record.type.rawValue, timeInForce: record.timeInForce.rawValue,
      prevention: record.prevention.rawValue, flags: detail.flags, keyLength: detail.keyLength)
  }
}
