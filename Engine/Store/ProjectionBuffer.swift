import Wire

/// Collapses committed events into what the tables have to be told: however many states an order
/// went through, its last one. Pure; `ProjectionWriter` stores it.
public struct ProjectionBuffer: ~Copyable {
  /// The sequence the tables are at.
  public private(set) var position: UInt64
  /// The sequence they will be at once this buffer is stored.
  public private(set) var lastSequence: UInt64

  package private(set) var orders: [ProjectedOrder] = []
  package private(set) var trades: [Event] = []
  package private(set) var answers: [ProjectedOrder] = []
  package private(set) var state: UInt8?
  package private(set) var rules: Rules?
  private var indices: [UInt64: Int32] = [:]

  /// Starts behind what the tables hold: see `ProjectionWriter.position`.
  public init(position: UInt64) {
    self.position = position
    lastSequence = position
  }

  /// Starts from a state in which exactly these orders are open, instead of from tables.
  package init(position: UInt64, open: [ProjectedOrder]) {
    self.init(position: position)
    orders = open
    for (index, order) in open.enumerated() { indices[order.id] = Int32(index) }
  }

  public var isEmpty: Bool { lastSequence == position }

  /// How many rows are to be written; a measure of when to write.
  public var pendingRows: Int { orders.count + trades.count + answers.count }

  /// Takes in one committed command. What the tables hold already is skipped, so a replay may
  /// start anywhere before; leaving one out is a programmer's error.
  public mutating func absorb(_ command: Command, _ events: UnsafeBufferPointer<Event>) {
    guard command.sequence > lastSequence else { return }
    precondition(command.sequence == lastSequence + 1, "a command was left out")
    lastSequence = command.sequence
    for event in events { absorb(event, of: command) }
    if let answer = ProjectedOrder(answerTo: command, events) { answers.append(answer) }
  }

  /// The buffer was stored: it starts again behind it, keeping its memory.
  public mutating func removeAll() {
    position = lastSequence
    orders.removeAll(keepingCapacity: true)
    trades.removeAll(keepingCapacity: true)
    answers.removeAll(keepingCapacity: true)
    indices.removeAll(keepingCapacity: true)
    state = nil
    rules = nil
  }

  /// Keeps only the orders that may still change.
  mutating func removeEnded() {
    position = lastSequence
    orders.removeAll { !ProjectedOrder.isOpen($0.storedStatus) }
    trades.removeAll(keepingCapacity: true)
    answers.removeAll(keepingCapacity: true)
    indices.removeAll(keepingCapacity: true)
    for (index, order) in orders.enumerated() { indices[order.id] = Int32(index) }
    state = nil
    rules = nil
  }

  private mutating func absorb(_ event: Event, of command: Command) {
    switch EventKind(rawValue: event.kind) {
    case .accepted:
      indices[event.order_id] = Int32(orders.count)
      orders.append(ProjectedOrder(placedBy: command))
      touch(orders.count - 1, event)
    case .trade:
      trades.append(event)
      let taker = index(of: event.order_id)
      orders[taker].fill(event, remaining: event.remaining)
      touch(taker, event)
      let maker = index(of: event.maker_order_id)
      orders[maker].fill(event, remaining: event.maker_remaining)
      touch(maker, event)
    case .rested, .triggered:
      let subject = index(of: event.order_id)
      orders[subject].status = ProjectedOrder.Status.live
      orders[subject].remaining = event.remaining
      touch(subject, event)
    case .cancelled:
      let subject = index(of: event.order_id)
      orders[subject].end(event)
      touch(subject, event)
    case .amended:
      let subject = index(of: event.order_id)
      orders[subject].amend(event, by: command)
      touch(subject, event)
    case .state: state = event.state
    case .configured: rules = command.rules
    case .refilled, .reference, nil: break
    }
  }

  private mutating func touch(_ index: Int, _ event: Event) {
    orders[index].updatedAt = event.time
    orders[index].sequence = event.sequence
  }

  private mutating func index(of id: UInt64) -> Int {
    if let known = indices[id] { return Int(known) }
    indices[id] = Int32(orders.count)
    orders.append(ProjectedOrder(id: id))
    return orders.count - 1
  }
}
