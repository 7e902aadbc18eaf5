import TestSupport
import Wire

/// A toy market that makes plausible commands and events without a book's rules, and keeps every
/// order's state the simple way: one event at a time, nothing collapsed.
struct RandomMarket {
  struct Order: Equatable {
    var account: UInt64
    var terms: [Int64]
    var filled: Int64 = 0
    var remaining: Int64
    var quote: Int64 = 0
    var status: OrderStatus
    var reason: UInt8 = 0
    var createdAt: Int64
    var updatedAt: Int64
    var sequence: UInt64
    var clientKey: String?
    var spendsQuote: Bool
  }

  struct Step {
    var command: Command
    var events: [Event]
  }

  var orders: [UInt64: Order] = [:]
  var open: [UInt64] = []
  var trades: [Event] = []
  /// How an order stood after its amendment, by the command's sequence.
  var answers: [UInt64: [Int64]] = [:]
  private var random: SplitMix
  private var sequence: UInt64 = 0
  private let symbol: UInt32

  init(seed: UInt64, symbol: UInt32) {
    random = SplitMix(seed: seed)
    self.symbol = symbol
  }

  mutating func step() -> Step {
    sequence += 1
    switch Int.random(in: 0..<10, using: &random) {
    case 0 where !open.isEmpty: return cancel()
    case 1 where !open.isEmpty: return amend()
    case 2: return halt()
    default: return place()
    }
  }

  private func command(_ kind: CommandKind, account: UInt64, order: UInt64 = 0) -> Command {
    var command = Command(kind, account: account)
    command.sequence = sequence
    command.time = 1_000_000 + Int64(sequence) * 700_000
    command.order_id = order
    return command
  }

  private func event(_ kind: EventKind, _ command: Command, order: UInt64) -> Event {
    var event = Event()
    event.kind = kind.rawValue
    event.sequence = command.sequence
    event.time = command.time
    event.order_id = order
    event.account = orders[order]?.account ?? 0
    return event
  }

  private mutating func note(_ id: UInt64, _ command: Command, _ change: (inout Order) -> Void) {
    change(&orders[id]!)
    orders[id]!.updatedAt = command.time
    orders[id]!.sequence = command.sequence
  }

  private mutating func place() -> Step {
    let id = OrderID.make(symbol: symbol, sequence: sequence)
    var command = command(.place, account: .random(in: 1...5, using: &random), order: id)
    let type = OrderType.allCases.randomElement(using: &random)!
    let spendsQuote = type == .market && Bool.random(using: &random)
    command.side = UInt8.random(in: 1...2, using: &random)
    command.type = type.rawValue
    command.time_in_force = 1
    command.self_trade_prevention = 4
    command.terms.price = type == .market || type == .stop ? 0 : .random(in: 1...99, using: &random)
    command.terms.stop_price = type == .stop || type == .stopLimit ? 50 : 0
    if spendsQuote {
      command.terms.quote_quantity = 1000
    } else {
      command.terms.quantity = .random(in: 1...20, using: &random)
    }
    if Bool.random(using: &random) {
      command.setKey(Array("client-\(sequence)".utf8))
      command.flags = OrderFlags.clientKey.rawValue
    }
    let terms = command.terms
    orders[id] = Order(
      account: command.account,
      terms: [terms.price, terms.stop_price, terms.quantity, terms.quote_quantity],
      remaining: terms.quantity,
      status: type == .stop || type == .stopLimit ? .pendingTrigger : .open,
      createdAt: command.time, updatedAt: command.time, sequence: sequence,
      clientKey: command.flags == 0 ? nil : "client-\(sequence)", spendsQuote: spendsQuote)
    var events = [event(.accepted, command, order: id)]
    if orders[id]!.status == .pendingTrigger {
      open.append(id)
    } else {
      act(id, command, &events, mayRest: type == .limit)
    }
    // Now and then the command reaches a stop that waits.
    if let stop = open.last(where: { orders[$0]!.status == .pendingTrigger }), stop != id,
      Bool.random(using: &random)
    {
      open.removeAll { $0 == stop }
      var triggered = event(.triggered, command, order: stop)
      triggered.remaining = orders[stop]!.remaining
      events.append(triggered)
      note(stop, command) { $0.status = $0.filled > 0 ? .partiallyFilled : .open }
      act(stop, command, &events, mayRest: true)
    }
    return Step(command: command, events: events)
  }

  /// The order trades with some makers and then rests or ends.
  private mutating func act(
    _ id: UInt64, _ command: Command, _ events: inout [Event], mayRest: Bool
  ) {
    let spendsQuote = orders[id]!.spendsQuote
    for _ in 0..<Int.random(in: 0...3, using: &random) {
      let makers = open.filter { orders[$0]!.status != .pendingTrigger && $0 != id }
      guard let maker = makers.randomElement(using: &random) else { break }
      guard spendsQuote || orders[id]!.remaining > 0 else { break }
      trade(id, maker, command, &events)
    }
    if !spendsQuote && orders[id]!.remaining == 0 { return }
    if mayRest && Bool.random(using: &random) {
      var rested = event(.rested, command, order: id)
      rested.remaining = orders[id]!.remaining
      events.append(rested)
      note(id, command) { $0.status = $0.filled > 0 ? .partiallyFilled : .open }
      open.append(id)
    } else {
      let reason: EndReason = spendsQuote && orders[id]!.filled > 0 ? .quoteSpent : .noLiquidity
      end(id, command, &events, reason)
    }
  }

  private mutating func trade(
    _ taker: UInt64, _ maker: UInt64, _ command: Command, _ events: inout [Event]
  ) {
    let spendsQuote = orders[taker]!.spendsQuote
    let wish = spendsQuote ? 3 : orders[taker]!.remaining
    let quantity = Int64.random(in: 1...min(wish, orders[maker]!.remaining), using: &random)
    var event = event(.trade, command, order: taker)
    event.side = command.side
    event.price = .random(in: 1...99, using: &random)
    event.quantity = quantity
    event.trade_id = UInt64(trades.count + 1)
    event.maker_order_id = maker
    event.maker_account = orders[maker]!.account
    let value = event.price * quantity
    for id in [taker, maker] {
      note(id, command) {
        $0.filled += quantity
        $0.quote += value
        if !$0.spendsQuote { $0.remaining -= quantity }
        $0.status = $0.remaining == 0 && !$0.spendsQuote ? .filled : .partiallyFilled
      }
    }
    event.remaining = orders[taker]!.remaining
    event.maker_remaining = orders[maker]!.remaining
    if event.maker_remaining == 0 { open.removeAll { $0 == maker } }
    trades.append(event)
    events.append(event)
  }

  private mutating func end(
    _ id: UInt64, _ command: Command, _ events: inout [Event], _ reason: EndReason
  ) {
    var event = event(.cancelled, command, order: id)
    event.reason = reason.rawValue
    event.quantity = orders[id]!.remaining
    events.append(event)
    open.removeAll { $0 == id }
    note(id, command) {
      $0.remaining = 0
      $0.reason = reason.rawValue
      $0.status =
        reason == .expired ? .expired : reason == .quoteSpent ? .filled : .cancelled
    }
  }

  private mutating func cancel() -> Step {
    let id = open.randomElement(using: &random)!
    let command = command(.cancel, account: orders[id]!.account, order: id)
    var events: [Event] = []
    end(id, command, &events, Bool.random(using: &random) ? .requested : .expired)
    return Step(command: command, events: events)
  }

  private mutating func amend() -> Step {
    let id = open.randomElement(using: &random)!
    var command = command(.amend, account: orders[id]!.account, order: id)
    let more = Int64.random(in: 1...5, using: &random)
    command.terms.quantity = orders[id]!.terms[2] + more
    if orders[id]!.terms[0] != 0 { command.terms.price = .random(in: 1...99, using: &random) }
    if orders[id]!.status == .pendingTrigger { command.terms.stop_price = 60 }
    let terms = command.terms
    var event = event(.amended, command, order: id)
    event.level_side = orders[id]!.status == .pendingTrigger ? 0 : 1
    event.filled_quote = orders[id]!.quote
    note(id, command) {
      $0.terms[2] = terms.quantity
      $0.remaining += more
      if terms.price != 0 { $0.terms[0] = terms.price }
      if terms.stop_price != 0 { $0.terms[1] = terms.stop_price }
    }
    let order = orders[id]!
    event.price = order.terms[0]
    event.stop_price = order.terms[1]
    event.quantity = order.terms[2]
    event.remaining = order.remaining
    let status =
      order.status == .pendingTrigger ? order.status : order.filled > 0 ? .partiallyFilled : .open
    answers[sequence] = [
      Int64(id), order.terms[0], order.terms[1], order.terms[2], order.filled, order.remaining,
      order.quote, Int64(status.rawValue), 0,
    ]
    return Step(command: command, events: [event])
  }

  private mutating func halt() -> Step {
    let command = command(.halt, account: 0)
    var event = event(.state, command, order: 0)
    event.state = UInt8.random(in: 1...3, using: &random)
    return Step(command: command, events: [event])
  }
}
