import CShared
import Wire

/// In a large book nearly every order that a command names is out of the cache, and so are its
/// neighbours in the queue and in its account's list. Who has several commands at hand can have
/// those lines fetched while earlier commands run.
extension OrderBook {
  /// To be called before `commands[position]` is applied, with the whole batch: it reads ahead for
  /// the commands that follow. It changes nothing and only costs time in a book that is small.
  @inline(__always)
  public mutating func readAhead(_ commands: UnsafeBufferPointer<Command>, at position: Int) {
    let far = position + 9
    let middle = position + 6
    let near = position + 3
    if let id = orderNamed(by: commands, far) { orders.prefetchBucket(id) }
    if let id = orderNamed(by: commands, middle) { orders.prefetchRecord(id) }
    if let id = orderNamed(by: commands, near) { prefetchNeighbours(id) }
    outcry_prefetch(details.base + Int(orders.nextSlot))
  }

  /// Through a pointer: a subscript would copy the command.
  @inline(__always)
  private mutating func orderNamed(
    by commands: UnsafeBufferPointer<Command>, _ position: Int
  ) -> UInt64? {
    guard position < commands.count, let first = commands.baseAddress else { return nil }
    let command = first + position
    guard command.pointee.kind &- CommandKind.cancel.rawValue < 2 else { return nil }
    return command.pointee.order_id
  }

  @inline(__always)
  private mutating func prefetchNeighbours(_ id: UInt64) {
    let slot = orders.find(id)
    guard slot != 0 else { return }
    let record = orders.records[slot]
    outcry_prefetch(orders.records.base + Int(record.next))
    outcry_prefetch(orders.records.base + Int(record.previous))
    outcry_prefetch(links.base + Int(slot))
    outcry_prefetch(accounts.records.base + Int(record.account))
    outcry_prefetch(ladders[UInt32(record.shelf)].levels.base + Int(record.level))
  }
}
