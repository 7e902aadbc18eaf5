import Wire

extension OrderBook {
  mutating func cancel(_ command: Command, _ events: inout EventBuffer) -> Refusal? {
    let slot = orders.find(command.order_id)
    guard slot != 0, accounts.records[orders.records[slot].account].id == command.account else {
      return .unknownOrder
    }
    end(slot, .cancelled, .requested, &events)
    return nil
  }

  /// Oldest order first.
  mutating func cancelAll(of account: UInt64, _ events: inout EventBuffer) {
    let account = accounts.find(account)
    guard account != 0 else { return }
    var slot = accounts.records[account].first
    while slot != 0 {
      let next = links[slot].next
      end(slot, .cancelled, .cancelledAll, &events)
      command.affected += 1
      slot = next
    }
  }

  /// Bids, asks, buy stops, sell stops; in each the best price and the oldest order first.
  mutating func cancelAll(_ events: inout EventBuffer) {
    for shelf in Shelf.bids...Shelf.sellStops {
      while ladders[shelf].best != 0 {
        end(ladders[shelf].levels[ladders[shelf].best].first, .cancelled, .cancelledAll, &events)
        command.affected += 1
      }
    }
  }

  /// The soonest first; equal times in the order of their ids.
  mutating func expire(until time: Int64, _ events: inout EventBuffer) {
    while let next = expiries.soonest, next.time <= time {
      end(next.slot, .expired, .expired, &events)
      command.affected += 1
    }
  }

  /// An order that stands on a shelf leaves the book unfilled.
  mutating func end(
    _ slot: UInt32, _ status: OrderStatus, _ reason: EndReason, _ events: inout EventBuffer
  ) {
    let record = orders.records[slot]
    var event = event(.cancelled)
    event.reason = reason.rawValue
    event.side = record.side.rawValue
    event.order_id = record.id
    event.account = accounts.records[record.account].id
    event.price = details[slot].terms.price
    event.quantity = record.remaining
    event.report(detach(slot))
    events.append(event)
    openQuantity -= record.remaining
    close(slot, status, reason)
  }
}
