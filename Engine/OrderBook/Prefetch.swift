import CShared
import Wire

/// In a large book nearly every order that a command names is out of the cache, and so are its
/// neighbours in the queue and in its account's list. Who has several commands at hand can have
/// those lines fetched while earlier commands run.
///
/// Each command is read ahead in steps, as each step needs what the one before has fetched. What a
/// step has found it leaves in `hints` for the next. By then the book may have changed, its slots
/// may be free or another order's: a hint only ever chooses what to prefetch.
extension OrderBook {
  /// A book of fewer orders stays in the cache by itself.
  private static var smallBook: UInt32 { 1 << 16 }
  static var hintCount: Int { 32 }

  /// To be called before `commands[position]` is applied, with the whole batch. It changes nothing.
  @inline(__always)
  public mutating func readAhead(_ commands: UnsafeBufferPointer<Command>, at position: Int) {
    guard let first = commands.baseAddress else { return }
    if position + 20 < commands.count { fetchCommand(first + position + 20) }
    if orders.count > OrderBook.smallBook { fetch(first, position, commands.count) }
  }

  private mutating func fetch(_ first: UnsafePointer<Command>, _ position: Int, _ count: Int) {
    if position + 16 < count { fetchIndex(first + position + 16) }
    if position + 12 < count { fetchFirst(first + position + 12, position + 12) }
    if position + 9 < count { fetchChain(first + position + 9, position + 9) }
    if position + 6 < count { fetchPlace(first + position + 6, position + 6) }
    if position + 3 < count { fetchNeighbours(first + position + 3, position + 3) }
  }

  /// Its three cache lines, for a caller who has far more commands at hand than the cache holds.
  @inline(__always)
  private func fetchCommand(_ command: UnsafePointer<Command>) {
    let start = UnsafeRawPointer(command)
    outcry_prefetch(start)
    outcry_prefetch(start + 64)
    outcry_prefetch(start + 128)
  }

  @inline(__always)
  private mutating func hint(_ position: Int) -> UInt32 {
    let found = hints[UInt32(truncatingIfNeeded: position) & UInt32(OrderBook.hintCount - 1)]
    return found < links.capacity ? found : 0
  }

  @inline(__always)
  private mutating func setHint(_ position: Int, _ number: UInt32) {
    hints[UInt32(truncatingIfNeeded: position) & UInt32(OrderBook.hintCount - 1)] = number
  }

  /// A new order's id may not be known yet, but it is not far from the last one's.
  @inline(__always)
  private mutating func fetchIndex(_ command: UnsafePointer<Command>) {
    if command.pointee.kind == CommandKind.place.rawValue {
      orders.prefetchBucket(lastOrderID &+ 16)
      accounts.prefetchBucket(command.pointee.account)
    } else {
      orders.prefetchBucket(command.pointee.order_id)
    }
  }

  /// The first order of the index's bucket; or where a new limit order would come to rest, if there
  /// is such a level.
  @inline(__always)
  private mutating func fetchFirst(_ command: UnsafePointer<Command>, _ position: Int) {
    if command.pointee.kind != CommandKind.place.rawValue {
      let slot = orders.first(command.pointee.order_id)
      outcry_prefetch(orders.records.base + Int(slot))
      return setHint(position, slot)
    }
    var level: UInt32 = 0
    if command.pointee.side &- 1 < 2 && command.pointee.terms.price > 0 {
      let shelf = UInt32(command.pointee.side) - 1
      level = ladders[shelf].find(command.pointee.terms.price)
      fetchLevel(level, shelf)
    }
    setHint(position, level)
    accounts.prefetchRecord(command.pointee.account)
  }

  /// Its 40 bytes may lie on two lines.
  @inline(__always)
  private mutating func fetchLevel(_ level: UInt32, _ shelf: UInt32) {
    let start = UnsafeRawPointer(ladders[shelf].levels.base + Int(level))
    outcry_prefetch(start)
    outcry_prefetch(start + 32)
  }

  /// The next of the bucket, where the first is not the one.
  @inline(__always)
  private mutating func fetchChain(_ command: UnsafePointer<Command>, _ position: Int) {
    let slot = hint(position)
    guard command.pointee.kind != CommandKind.place.rawValue, slot != 0,
      orders.records[slot].id != command.pointee.order_id
    else { return }
    let next = orders.records[slot].chain
    outcry_prefetch(orders.records.base + Int(next))
    setHint(position, next)
  }

  /// What belongs to the order: its details too, as an amend reads them, and the slot that a cancel
  /// leaves is the next to be filled. Of a new order, the last ones of its level and its account.
  @inline(__always)
  private mutating func fetchPlace(_ command: UnsafePointer<Command>, _ position: Int) {
    if command.pointee.kind == CommandKind.place.rawValue {
      let level = hint(position)
      if level != 0 {
        let shelf = UInt32(command.pointee.side) - 1
        outcry_prefetch(links.base + Int(ladders[shelf].levels[level].last))
      }
      let account = accounts.find(command.pointee.account)
      return outcry_prefetch(links.base + Int(accounts.records[account].last))
    }
    var slot = hint(position)
    if orders.records[slot].id != command.pointee.order_id { slot = orders.records[slot].chain }
    setHint(position, slot)
    let shelf = UInt32(orders.records[slot].shelf)
    guard shelf < Shelf.none else { return }
    outcry_prefetch(links.base + Int(slot))
    outcry_prefetch(details.base + Int(slot))
    outcry_prefetch(accounts.records.base + Int(orders.records[slot].account))
    fetchLevel(orders.records[slot].level, shelf)
  }

  @inline(__always)
  private mutating func fetchNeighbours(_ command: UnsafePointer<Command>, _ position: Int) {
    guard command.pointee.kind != CommandKind.place.rawValue else { return }
    let link = links[hint(position)]
    outcry_prefetch(links.base + Int(link.next))
    outcry_prefetch(links.base + Int(link.previous))
    outcry_prefetch(links.base + Int(link.accountNext))
    outcry_prefetch(links.base + Int(link.accountPrevious))
  }
}
