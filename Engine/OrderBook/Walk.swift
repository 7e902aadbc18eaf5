import Wire

/// The book laid open for tests, state hash and snapshot: nothing here is on the path of an order.
extension OrderBook {
  /// Every open order: bids, asks, buy stops, sell stops; best level first, oldest order first.
  func forEachSlot(_ body: (UInt32) -> Void) {
    for shelf in Shelf.bids...Shelf.sellStops {
      var level = ladders[shelf].best
      while level != 0 {
        var slot = ladders[shelf].levels[level].first
        while slot != 0 {
          body(slot)
          slot = links[slot].next
        }
        level = ladders[shelf].next(after: level)
      }
    }
  }

  /// The same as views.
  public func forEachOrder(_ body: (OrderView) -> Void) {
    forEachSlot { body(view($0)) }
  }

  /// What the book costs in memory, apart from the struct itself.
  public func residentBytes() -> Int { reservation.residentBytes() }

  /// Walks every structure and compares each with the others; nil when all agree, else the first
  /// thing that does not.
  public func firstFault() -> String? {
    var total: Int64 = 0
    var seen: UInt32 = 0
    for shelf in Shelf.bids...Shelf.sellStops {
      var level = ladders[shelf].best
      var levels: UInt32 = 0
      var before: Int64?
      while level != 0 {
        let found = ladders[shelf].levels[level]
        if let before, isBetter(found.price, than: before, on: shelf) || found.price == before {
          return "level \(found.price) stands behind \(before)"
        }
        if ladders[shelf].find(found.price) != level { return "level \(found.price) is not found" }
        if let fault = fault(in: found, at: level, on: shelf) { return fault }
        before = found.price
        seen += found.count
        levels += 1
        level = ladders[shelf].next(after: level)
      }
      if levels != ladders[shelf].count { return "shelf \(shelf) has lost levels" }
    }
    forEachSlot { total += orders.records[$0].remaining }
    if seen != orders.count { return "\(orders.count) open orders, \(seen) on shelves" }
    if total != openQuantity { return "open quantity \(openQuantity), found \(total)" }
    if let bid = best(.buy), let ask = best(.sell), bid.price >= ask.price {
      return "crossed: \(bid.price) ≥ \(ask.price)"
    }
    return accountFault()
  }

  private func isBetter(_ price: Int64, than other: Int64, on shelf: UInt32) -> Bool {
    shelf == Shelf.bids || shelf == Shelf.sellStops ? price > other : price < other
  }

  private func fault(in level: Level, at number: UInt32, on shelf: UInt32) -> String? {
    var shown: Int64 = 0
    var hidden: Int64 = 0
    var count: UInt32 = 0
    var previous: UInt32 = 0
    var priority: UInt64 = 0
    var slot = level.first
    while slot != 0 {
      let order = orders.records[slot]
      guard order.level == number, UInt32(order.shelf) == shelf, links[slot].previous == previous,
        order.priority > priority, order.shown > 0, order.shown <= order.remaining,
        orders.find(order.id) == slot, details[slot].side == Shelf.side(of: shelf)
      else { return "order \(order.id) stands wrongly at \(level.price)" }
      shown += order.shown
      hidden += order.remaining - order.shown
      count += 1
      previous = slot
      priority = order.priority
      slot = links[slot].next
    }
    guard count > 0, count == level.count, shown == level.shown, hidden == level.hidden,
      previous == level.last
    else { return "level \(level.price) does not sum up" }
    return nil
  }

  private func accountFault() -> String? {
    var fault: String?
    var listed: UInt32 = 0
    forEachSlot { slot in
      let account = accounts.records[orders.records[slot].account]
      guard account.first == slot else { return }
      var count: UInt32 = 0
      var member = slot
      var previous: UInt32 = 0
      while member != 0 {
        if links[member].accountPrevious != previous || orders.records[member].id == 0 {
          fault = "account \(account.id) has a broken list"
        }
        count += 1
        previous = member
        member = links[member].accountNext
      }
      if count != account.count || account.last != previous {
        fault = "account \(account.id) counts \(account.count), has \(count)"
      }
      listed += count
    }
    if listed != orders.count { return "accounts list \(listed) of \(orders.count) orders" }
    return fault
  }
}
