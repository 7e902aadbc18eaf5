import Wire

public enum SnapshotFault: Error, Equatable, Sendable {
  case notASnapshot
  /// Written by a version this program does not read.
  case version(found: UInt32, known: UInt32)
  case cutShort
  case damaged
  case tooManyOrders(UInt64)
  case noMemory(errno: Int32)
}

/// Builds a book from a snapshot's bytes, which may come in pieces of any length.
public struct SnapshotReader: ~Copyable {
  private var book: OrderBook
  private var header: StoredState?
  private var orders: UInt64 = 0
  private var sum: UInt64 = 0
  private var pending: [UInt8] = []
  private var byPriority: [(key: UInt64, slot: UInt32)] = []

  public init(capacity: Capacity = Capacity()) throws(SnapshotFault) {
    do throws(ReservationFailure) {
      book = try OrderBook(capacity: capacity)
    } catch {
      throw .noMemory(errno: error.errno)
    }
  }

  public mutating func read(_ bytes: UnsafeRawBufferPointer) throws(SnapshotFault) {
    pending.append(contentsOf: bytes)
    var offset = 0
    if header == nil {
      guard let found = take(StoredState.self, &offset) else { return }
      try begin(found)
    }
    while orders < header!.orders, let order = take(StoredOrder.self, &offset) {
      try add(order)
      orders += 1
    }
    pending.removeFirst(offset)
  }

  /// The book, when the bytes were a whole snapshot and nothing but it.
  public consuming func finish() throws(SnapshotFault) -> OrderBook {
    guard let header, orders == header.orders, pending.count >= 8 else { throw .cutShort }
    let expected = pending.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
    guard pending.count == 8, sum == expected else { throw .damaged }
    byPriority.sort { $0.key < $1.key }
    for (priority, slot) in byPriority { try book.shelve(slot, priority) }
    var byID = byPriority.map { (key: book.orders.records[$0.slot].id, slot: $0.slot) }
    byID.sort { $0.key < $1.key }
    for (_, slot) in byID { book.enlist(slot) }
    book.nextPriority = header.nextPriority
    return book
  }

  private func take<Record>(_ type: Record.Type, _ offset: inout Int) -> Record? {
    let length = MemoryLayout<Record>.stride
    guard pending.count - offset >= length else { return nil }
    defer { offset += length }
    return pending.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) }
  }

  private mutating func begin(_ found: StoredState) throws(SnapshotFault) {
    guard found.magic == StoredState.firstWord else { throw .notASnapshot }
    guard found.version == StoredState.currentVersion else {
      throw .version(found: found.version, known: StoredState.currentVersion)
    }
    guard found.recordLength == UInt32(MemoryLayout<StoredOrder>.stride),
      OrderBook.areValid(found.rules), found.state <= UInt64(UInt8.max),
      let state = MarketState(rawValue: UInt8(found.state))
    else { throw .damaged }
    guard found.orders <= UInt64(book.capacity.orders) else { throw .tooManyOrders(found.orders) }
    header = found
    sum = hash(found)
    book.rules = found.rules
    book.state = state
    book.referencePrice = found.referencePrice
    book.lastOrderID = found.lastOrderID
    book.lastTrade.id = found.tradeID
    book.lastTrade.price = found.tradePrice
    book.lastTrade.quantity = found.tradeQuantity
    book.lastTrade.time = found.tradeTime
    book.lastTrade.side = Side(rawValue: UInt8(truncatingIfNeeded: found.tradeSide))
    byPriority.reserveCapacity(Int(found.orders))
  }

  private mutating func add(_ order: StoredOrder) throws(SnapshotFault) {
    sum &+= hash(order)
    guard let slot = book.restore(order) else { throw .damaged }
    byPriority.append((order.priority, slot))
  }
}

extension OrderBook {
  /// Gives a stored order its slot; nil when it cannot have been an open order of this book.
  fileprivate mutating func restore(_ order: StoredOrder) -> UInt32? {
    guard let type = OrderType(rawValue: order.type),
      let timeInForce = TimeInForce(rawValue: order.timeInForce),
      let prevention = SelfTradePrevention(rawValue: order.prevention),
      UInt32(order.shelf) < Shelf.none, order.remaining > 0, order.shown > 0,
      order.shown <= order.remaining, order.id != 0, order.id <= lastOrderID,
      order.keyLength <= OUTCRY_KEY_CAPACITY, orders.find(order.id) == 0, !orders.isFull,
      order.terms.quantity >= order.remaining
    else { return nil }
    let (total, overflow) = openQuantity.addingReportingOverflow(order.remaining)
    guard !overflow else { return nil }
    openQuantity = total
    var account = accounts.find(order.account)
    if account == 0 { account = accounts.insert(AccountRecord(id: order.account)) }
    let slot = orders.insert(
      OrderRecord(
        id: order.id, remaining: order.remaining, shown: order.shown,
        filledQuote: order.filledQuote, account: account, shelf: order.shelf,
        prevention: prevention, type: type, timeInForce: timeInForce))
    details[slot] = OrderDetails(
      terms: OrderTerms(order.terms), createdAt: order.createdAt, keyLength: order.keyLength,
      flags: order.flags, side: Shelf.side(of: UInt32(order.shelf)))
    if order.keyLength != 0 { keys[slot] = order.key }
    if order.terms.expires_at != 0 {
      expiries.insert(slot, id: order.id, at: order.terms.expires_at)
    }
    return slot
  }

  /// The orders come in the order of their priorities.
  fileprivate mutating func shelve(_ slot: UInt32, _ priority: UInt64) throws(SnapshotFault) {
    let shelf = UInt32(orders.records[slot].shelf)
    let terms = details[slot].terms
    let price = shelf <= Shelf.asks ? terms.price : terms.stopPrice
    guard price > 0 else { throw .damaged }
    nextPriority = priority
    append(slot, to: shelf, at: price)
  }
}
