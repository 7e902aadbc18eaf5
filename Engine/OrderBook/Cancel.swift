import Wire

extension OrderBook {
  mutating func cancel(_ command: UnsafePointer<Command>, _ events: inout EventBuffer) -> Refusal? {
    let slot = orders.find(command.pointee.order_id)
    guard slot != 0, isOwner(command.pointee.account, of: slot) else { return .unknownOrder }
    end(slot, .cancelled, .requested, &events)
    return nil
  }

  @inline(__always)
  mutating func isOwner(_ account: UInt64, of slot: UInt32) -> Bool {
    accounts.records[orders.records[slot].account].id == account
  }

  /// Oldest order first.
  mutating func cancelAll(of account: UInt64, _ events: inout EventBuffer) {
    let account = accounts.find(account)
    guard account != 0 else { return }
    var slot = accounts.records[account].first
    while slot != 0 {
      let next = links[slot].accountNext
      end(slot, .cancelled, .cancelledAll, &events)
      current.affected += 1
      slot = next
    }
  }

  /// Bids, asks, buy stops, sell stops; in each the best price and the oldest order first.
  mutating func cancelAll(_ events: inout EventBuffer) {
    for shelf in Shelf.bids...Shelf.sellStops {
      while ladders[shelf].best != 0 {
        end(ladders[shelf].levels[ladders[shelf].best].first, .cancelled, .cancelledAll, &events)
        current.affected += 1
      }
    }
  }

  /// The soonest first; equal times in the order of their ids.
  mutating func expire(until time: Int64, _ events: inout EventBuffer) {
    while let next = expiries.soonest, next.time <= time {
      end(next.slot, .expired, .expired, &events)
      current.affected += 1
    }
  }

  /// An order that stands on a shelf leaves the book unfilled.
  mutating func end(
    _ slot: UInt32, _ status: OrderStatus, _ reason: EndReason, _ events: inout EventBuffer
  ) {
    let record = orders.records[slot]
    let event = add(.cancelled, to: &events)
    event.pointee.reason = reason.rawValue
    event.pointee.side = record.side.rawValue
    event.pointee.order_id = record.id
    event.pointee.account = accounts.records[record.account].id
    let level = detach(slot)
    event.pointee.price = level.side == 0 ? details[slot].terms.price : level.price
    event.pointee.quantity = record.remaining
    event.pointee.report(level)
    openQuantity -= record.remaining
    close(slot, status, reason)
  }
}
