import CShared
import Wire

/// In a large book nearly every order that a command names is out of the cache, and so are its
/// neighbours in the queue and in its account's list. Who has several commands at hand can have
/// those lines fetched while earlier commands run.
extension OrderBook {
  /// A book of fewer orders stays in the cache by itself.
  private static var smallBook: UInt32 { 1 << 16 }

  /// To be called before `commands[position]` is applied, with the whole batch: it reads ahead for
  /// the commands that follow, each in four steps, as each step needs what the one before has
  /// fetched. It changes nothing.
  @inline(__always)
  public mutating func readAhead(_ commands: UnsafeBufferPointer<Command>, at position: Int) {
    if position + 16 < commands.count { fetchCommand(commands.baseAddress! + position + 16) }
    if orders.count > OrderBook.smallBook { fetch(commands, position) }
  }

  private mutating func fetch(_ commands: UnsafeBufferPointer<Command>, _ position: Int) {
    guard let first = commands.baseAddress else { return }
    if position + 12 < commands.count { fetchIndex(first + position + 12) }
    if position + 6 < commands.count { fetchChain(first + position + 6) }
    if position + 8 < commands.count { fetchRecord(first + position + 8) }
    if position + 4 < commands.count { fetchSlot(first + position + 4) }
    if position + 2 < commands.count { fetchNeighbours(first + position + 2) }
  }

  /// Its three cache lines, for a caller who has far more commands at hand than the cache holds.
  @inline(__always)
  private func fetchCommand(_ command: UnsafePointer<Command>) {
    let start = UnsafeRawPointer(command)
    outcry_prefetch(start)
    outcry_prefetch(start + 64)
    outcry_prefetch(start + 128)
  }

  private mutating func fetchIndex(_ command: UnsafePointer<Command>) {
    orders.prefetchBucket(command.pointee.order_id)
    accounts.prefetchBucket(command.pointee.account)
  }

  private mutating func fetchRecord(_ command: UnsafePointer<Command>) {
    if command.pointee.kind != CommandKind.place.rawValue {
      orders.prefetchRecord(command.pointee.order_id)
    } else if let (shelf, level) = level(of: command) {
      outcry_prefetch(ladders[shelf].levels.base + Int(level))
      accounts.prefetchRecord(command.pointee.account)
    }
  }

  private mutating func fetchChain(_ command: UnsafePointer<Command>) {
    guard command.pointee.kind != CommandKind.place.rawValue else { return }
    orders.prefetchChain(command.pointee.order_id)
  }

  /// The details too: an amend reads them, and the slot that a cancel leaves is the next to be
  /// filled.
  private mutating func fetchSlot(_ command: UnsafePointer<Command>) {
    guard command.pointee.kind != CommandKind.place.rawValue else { return }
    let slot = orders.find(command.pointee.order_id)
    guard slot != 0 else { return }
    outcry_prefetch(links.base + Int(slot))
    outcry_prefetch(details.base + Int(slot))
    outcry_prefetch(accounts.records.base + Int(orders.records[slot].account))
    let shelf = UInt32(orders.records[slot].shelf)
    outcry_prefetch(ladders[shelf].levels.base + Int(orders.records[slot].level))
  }

  private mutating func fetchNeighbours(_ command: UnsafePointer<Command>) {
    if command.pointee.kind != CommandKind.place.rawValue {
      let slot = orders.find(command.pointee.order_id)
      outcry_prefetch(links.base + Int(links[slot].next))
      outcry_prefetch(links.base + Int(links[slot].previous))
      outcry_prefetch(links.base + Int(links[slot].accountNext))
      outcry_prefetch(links.base + Int(links[slot].accountPrevious))
    } else if let (shelf, level) = level(of: command) {
      outcry_prefetch(links.base + Int(ladders[shelf].levels[level].last))
      let account = accounts.find(command.pointee.account)
      outcry_prefetch(links.base + Int(accounts.records[account].last))
    }
  }

  /// Where a new limit order would come to rest, if there is such a level.
  @inline(__always)
  private mutating func level(
    of command: UnsafePointer<Command>
  ) -> (shelf: UInt32, level: UInt32)? {
    guard command.pointee.side &- 1 < 2, command.pointee.terms.price > 0 else { return nil }
    let shelf = UInt32(command.pointee.side) - 1
    let level = ladders[shelf].find(command.pointee.terms.price)
    return level == 0 ? nil : (shelf, level)
  }
}
