import Wire

/// The order book as one would explain it on a whiteboard: sorted lists, sums taken afresh, and
/// "what would happen" answered by trying it on a copy. Slow, and the measure of the real one.
public struct ObviousBook {
  public struct Order: Equatable {
    public var id: UInt64
    public var account: UInt64
    public var side: Side
    public var type: OrderType
    public var timeInForce: TimeInForce
    public var prevention: SelfTradePrevention
    public var isPostOnly: Bool
    /// Price, stop price and quantity as last amended.
    public var price: Int64
    public var stop: Int64
    public var quantity: Int64
    public var display: Int64
    public var expiresAt: Int64
    public var remaining: Int64
    public var shown: Int64 = 0
    public var filledQuote: Int64 = 0
    /// For a market order by quote quantity: what it may still spend.
    public var quote: Int64?
    public var filled: Int64 = 0

    var hasLimit: Bool { type == .limit || type == .stopLimit }
    var isStop: Bool { type == .stop || type == .stopLimit }
    var isImmediate: Bool { timeInForce == .immediateOrCancel || timeInForce == .fillOrKill }
    var isFilled: Bool { quote == nil && remaining == 0 }
  }

  /// Best price first, equal prices oldest first.
  public internal(set) var bids: [Order] = []
  public internal(set) var asks: [Order] = []
  /// First to be reached first.
  public internal(set) var buyStops: [Order] = []
  public internal(set) var sellStops: [Order] = []

  public internal(set) var rules: Rules
  public internal(set) var state = MarketState.trading
  public internal(set) var reference: Int64 = 0
  public internal(set) var last: Int64 = 0
  public internal(set) var tradeCount: UInt64 = 0
  let mostOrders: Int
  let mostRefills: Int

  // Of the current command.
  var events: [Event] = []
  var sequence: UInt64 = 0
  var time: Int64 = 0
  var refillsLeft = 0
  var tradePrices: [Int64] = []
  var reached: [Order] = []

  public init(rules: Rules = Rules(), mostOrders: Int, mostRefills: Int) {
    self.rules = rules
    self.mostOrders = mostOrders
    self.mostRefills = mostRefills
  }

  public var openOrders: [Order] { bids + asks + buyStops + sellStops }

  public mutating func apply(_ command: Command) -> (refusal: Refusal?, events: [Event]) {
    events = []
    sequence = command.sequence
    time = command.time
    refillsLeft = mostRefills
    let before = self
    if let refusal = run(command) {
      self = before
      return (refusal, [])
    }
    return (nil, events)
  }

  private mutating func run(_ command: Command) -> Refusal? {
    guard command.version == Command.currentVersion else { return .malformed }
    switch CommandKind(rawValue: command.kind) {
    case nil: return .malformed
    case .place: return place(command)
    case .cancel:
      guard let order = order(command.order_id), order.account == command.account else {
        return .unknownOrder
      }
      end(order, .requested)
    case .amend: return amend(command)
    case .cancelAccount:
      let own = openOrders.filter { $0.account == command.account }
      for order in own.sorted(by: { $0.id < $1.id }) { end(order, .cancelledAll) }
    case .cancelSymbol:
      for order in openOrders { end(order, .cancelledAll) }
    case .halt: enter(.halted)
    case .resume: enter(.trading)
    case .cancelOnly: enter(.cancelOnly)
    case .configure:
      guard isConsistent(command.rules) else { return .malformed }
      rules = command.rules
      events.append(event(.configured))
    case .setReference:
      guard command.terms.price > 0 else { return .malformed }
      guard rules.max_price == 0 || command.terms.price <= rules.max_price else {
        return .priceRange
      }
      reference = command.terms.price
      var event = event(.reference)
      event.price = reference
      events.append(event)
    case .expire:
      let due = openOrders.filter { $0.expiresAt != 0 && $0.expiresAt <= command.time }
      for order in due.sorted(by: { ($0.expiresAt, $0.id) < ($1.expiresAt, $1.id) }) {
        end(order, .expired)
      }
    case .epoch: break
    }
    return nil
  }

  private mutating func enter(_ state: MarketState) {
    self.state = state
    var event = event(.state)
    event.state = state.rawValue
    events.append(event)
  }

  private func isConsistent(_ rules: Rules) -> Bool {
    if rules.min_quantity < 0 || rules.max_quantity < 0 || rules.min_notional < 0 { return false }
    if rules.max_notional < 0 || rules.max_price < 0 { return false }
    if rules.max_quantity != 0 && rules.min_quantity > rules.max_quantity { return false }
    return rules.max_notional == 0 || rules.min_notional <= rules.max_notional
  }

  func event(_ kind: EventKind) -> Event {
    var event = Event()
    event.kind = kind.rawValue
    event.sequence = sequence
    event.time = time
    return event
  }

  func event(_ kind: EventKind, _ order: Order) -> Event {
    var event = event(kind)
    event.side = order.side.rawValue
    event.order_id = order.id
    event.account = order.account
    event.price = order.price
    event.remaining = order.remaining
    return event
  }

  // MARK: The four lists

  public func order(_ id: UInt64) -> Order? { openOrders.first { $0.id == id } }

  public func resting(_ side: Side) -> [Order] { side == .buy ? bids : asks }

  public func stops(_ side: Side) -> [Order] { side == .buy ? buyStops : sellStops }

  public func shown(_ side: Side, at price: Int64) -> Int64 {
    resting(side).filter { $0.price == price }.reduce(0) { $0 + $1.shown }
  }

  /// Behind everything that is at least as good.
  mutating func rest(_ order: Order) {
    var order = order
    order.shown = order.display == 0 ? order.remaining : min(order.display, order.remaining)
    if order.side == .buy {
      bids.insert(order, at: bids.firstIndex { $0.price < order.price } ?? bids.count)
    } else {
      asks.insert(order, at: asks.firstIndex { $0.price > order.price } ?? asks.count)
    }
  }

  mutating func wait(_ order: Order) {
    if order.side == .buy {
      let place = buyStops.firstIndex { $0.stop > order.stop }
      buyStops.insert(order, at: place ?? buyStops.count)
    } else {
      let place = sellStops.firstIndex { $0.stop < order.stop }
      sellStops.insert(order, at: place ?? sellStops.count)
    }
  }

  mutating func take(out order: Order) {
    bids.removeAll { $0.id == order.id }
    asks.removeAll { $0.id == order.id }
    buyStops.removeAll { $0.id == order.id }
    sellStops.removeAll { $0.id == order.id }
  }

  mutating func update(_ order: Order) {
    if let place = bids.firstIndex(where: { $0.id == order.id }) { bids[place] = order }
    if let place = asks.firstIndex(where: { $0.id == order.id }) { asks[place] = order }
    if let place = buyStops.firstIndex(where: { $0.id == order.id }) { buyStops[place] = order }
    if let place = sellStops.firstIndex(where: { $0.id == order.id }) { sellStops[place] = order }
  }

  public func isWaiting(_ order: Order) -> Bool { stops(order.side).contains { $0.id == order.id } }

  /// Says what the order's level shows now, unless it waits as a stop.
  func report(_ order: Order, at price: Int64, in event: Event) -> Event {
    var event = event
    event.level_side = order.side.rawValue
    event.level_price = price
    event.level_quantity = shown(order.side, at: price)
    return event
  }

  mutating func end(_ order: Order, _ reason: EndReason) {
    let wasWaiting = isWaiting(order)
    take(out: order)
    var event = event(.cancelled, order)
    event.quantity = order.remaining
    event.remaining = 0
    event.reason = reason.rawValue
    events.append(wasWaiting ? event : report(order, at: order.price, in: event))
  }
}
