import Wire

extension OrderBook {
  /// Runs one command. A refused command has changed nothing and made no event.
  ///
  /// Of the refusals, `deadlinePassed` and `keyReused` are the caller's to check.
  public mutating func apply(
    _ command: Command, into events: inout EventBuffer
  ) -> Refusal? {
    withUnsafePointer(to: command) { apply($0, into: &events) }
  }

  /// The same without a copy of the command.
  public mutating func apply(
    _ command: UnsafePointer<Command>, into events: inout EventBuffer
  ) -> Refusal? {
    guard command.pointee.version == OUTCRY_COMMAND_VERSION else { return .malformed }
    begin(command)
    switch command.pointee.kind {
    case CommandKind.place.rawValue: return place(command, &events)
    case CommandKind.cancel.rawValue: return cancel(command, &events)
    case CommandKind.amend.rawValue: return amend(command, &events)
    default: return control(command, &events)
    }
  }

  @inline(__always)
  private mutating func begin(_ command: UnsafePointer<Command>) {
    current.sequence = command.pointee.sequence
    current.time = command.pointee.time
    current.subject = command.pointee.order_id
    current.subjectSlot = 0
    current.subjectEnd = nil
    current.affected = 0
    current.refillsLeft = capacity.refillsPerCommand
  }

  private mutating func control(
    _ command: UnsafePointer<Command>, _ events: inout EventBuffer
  ) -> Refusal? {
    switch CommandKind(rawValue: command.pointee.kind) {
    case .cancelAccount: cancelAll(of: command.pointee.account, &events)
    case .cancelSymbol: cancelAll(&events)
    case .halt: enter(.halted, &events)
    case .resume: enter(.trading, &events)
    case .cancelOnly: enter(.cancelOnly, &events)
    case .configure: return configure(command.pointee.rules, &events)
    case .setReference: return setReference(command.pointee.terms.price, &events)
    case .expire: expire(until: command.pointee.time, &events)
    case .epoch: break
    case .place, .cancel, .amend, nil: return .malformed
    }
    return nil
  }

  private mutating func enter(_ state: MarketState, _ events: inout EventBuffer) {
    self.state = state
    let event = add(.state, to: &events)
    event.pointee.state = state.rawValue
  }

  private mutating func configure(_ rules: Rules, _ events: inout EventBuffer) -> Refusal? {
    guard OrderBook.areValid(rules) else { return .malformed }
    self.rules = rules
    _ = add(.configured, to: &events)
    return nil
  }

  private mutating func setReference(_ price: Int64, _ events: inout EventBuffer) -> Refusal? {
    guard price > 0 else { return .malformed }
    guard rules.max_price == 0 || price <= rules.max_price else { return .priceRange }
    referencePrice = price
    let event = add(.reference, to: &events)
    event.pointee.price = price
    return nil
  }

  /// The next event, of the current command, to be filled in where it lies.
  @inline(__always)
  mutating func add(
    _ kind: EventKind, to events: inout EventBuffer
  ) -> UnsafeMutablePointer<Event> {
    let event = events.add()
    event.pointee.kind = kind.rawValue
    event.pointee.sequence = current.sequence
    event.pointee.time = current.time
    return event
  }
}
