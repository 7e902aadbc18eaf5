import Wire

/// What a level shows after a change, for the event that reports it.
struct LevelChange {
  var side: UInt8 = 0
  var price: Int64 = 0
  var shown: Int64 = 0
}

extension Event {
  @inline(__always)
  mutating func report(_ level: LevelChange) {
    level_side = level.side
    level_price = level.price
    level_quantity = level.shown
  }
}

/// Orders entering and leaving the queues of their levels.
extension OrderBook {
  /// Puts an order at the end of a price's queue.
  @inline(__always)
  mutating func append(_ slot: UInt32, to shelf: UInt32, at price: Int64) {
    let level = ladders[shelf].level(at: price)
    let levels = ladders[shelf].levels
    let last = levels[level].last
    orders.records[slot].shelf = UInt8(truncatingIfNeeded: shelf)
    orders.records[slot].level = level
    links[slot].previous = last
    links[slot].next = 0
    orders.records[slot].priority = nextPriority
    nextPriority += 1
    if last == 0 { levels[level].first = slot } else { links[last].next = slot }
    levels[level].last = slot
    levels[level].count += 1
    let shown = orders.records[slot].shown
    levels[level].shown += shown
    levels[level].hidden += orders.records[slot].remaining - shown
  }

  /// Takes an order off its shelf, and its level too if nothing is left there.
  @inline(__always)
  @discardableResult
  mutating func detach(_ slot: UInt32) -> LevelChange {
    willChange(slot)
    let shelf = UInt32(orders.records[slot].shelf)
    let level = orders.records[slot].level
    let levels = ladders[shelf].levels
    let next = links[slot].next
    let previous = links[slot].previous
    let shown = orders.records[slot].shown
    levels[level].shown -= shown
    levels[level].hidden -= orders.records[slot].remaining - shown
    levels[level].count -= 1
    if previous == 0 { levels[level].first = next } else { links[previous].next = next }
    if next == 0 { levels[level].last = previous } else { links[next].previous = previous }
    let change = change(of: level, on: shelf)
    if levels[level].first == 0 { ladders[shelf].remove(level) }
    orders.records[slot].shelf = UInt8(Shelf.none)
    return change
  }

  /// Nobody sees the levels of waiting stops.
  @inline(__always)
  mutating func change(of level: UInt32, on shelf: UInt32) -> LevelChange {
    guard shelf <= Shelf.asks else { return LevelChange() }
    let levels = ladders[shelf].levels
    return LevelChange(
      side: UInt8(truncatingIfNeeded: shelf) + 1, price: levels[level].price,
      shown: levels[level].shown)
  }

  /// An order gets its slot and its place in its account's list.
  @inline(__always)
  mutating func open(_ record: OrderRecord, account id: UInt64) -> UInt32 {
    var account = accounts.find(id)
    if account == 0 { account = accounts.insert(AccountRecord(id: id)) }
    var record = record
    record.account = account
    let slot = orders.insert(record)
    didTake(slot)
    enlist(slot)
    return slot
  }

  /// Puts an order at the end of its account's list.
  @inline(__always)
  mutating func enlist(_ slot: UInt32) {
    let account = orders.records[slot].account
    let last = accounts.records[account].last
    links[slot].accountPrevious = last
    links[slot].accountNext = 0
    if last == 0 { accounts.records[account].first = slot } else { links[last].accountNext = slot }
    accounts.records[account].last = slot
    accounts.records[account].count += 1
  }

  /// An order that is off its shelf is forgotten. Its record and details stay readable for the
  /// rest of the current.
  @inline(__always)
  mutating func close(_ slot: UInt32, _ status: OrderStatus, _ reason: EndReason) {
    if orders.records[slot].id == current.subject { noteEnd(slot, status, reason) }
    if orders.records[slot].timeInForce == .goodTillDate { expiries.remove(slot) }
    let account = orders.records[slot].account
    let next = links[slot].accountNext
    let previous = links[slot].accountPrevious
    if previous == 0 {
      accounts.records[account].first = next
    } else {
      links[previous].accountNext = next
    }
    if next == 0 {
      accounts.records[account].last = previous
    } else {
      links[next].accountPrevious = previous
    }
    accounts.records[account].count -= 1
    if accounts.records[account].count == 0 { accounts.remove(account) }
    orders.remove(slot)
  }

  private mutating func noteEnd(_ slot: UInt32, _ status: OrderStatus, _ reason: EndReason) {
    current.subjectSlot = slot
    current.subjectEnd = Ending(
      status: status, reason: reason,
      filled: details[slot].terms.quantity - orders.records[slot].remaining,
      filledQuote: orders.records[slot].filledQuote)
  }
}
