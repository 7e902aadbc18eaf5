import Wire

extension OrderBook {
  /// Runs one command. A refused command has changed nothing and made no event.
  ///
  /// Of the refusals, `deadlinePassed` and `keyReused` are the caller's to check.
  public mutating func apply(
    _ command: Command, into events: inout EventBuffer
  ) -> Refusal? {
    guard command.version == OUTCRY_COMMAND_VERSION else { return .malformed }
    begin(command)
    switch command.kind {
    case CommandKind.place.rawValue: return place(command, &events)
    case CommandKind.cancel.rawValue: return cancel(command, &events)
    case CommandKind.amend.rawValue: return amend(command, &events)
    default: return control(command, &events)
    }
  }

  @inline(__always)
  private mutating func begin(_ command: Command) {
    self.command.sequence = command.sequence
    self.command.time = command.time
    self.command.subject = command.order_id
    self.command.subjectSlot = 0
    self.command.subjectEnd = nil
    self.command.affected = 0
    self.command.refillsLeft = capacity.refillsPerCommand
  }

  private mutating func control(
    _ command: Command, _ events: inout EventBuffer
  ) -> Refusal? {
    switch CommandKind(rawValue: command.kind) {
    case .cancelAccount: cancelAll(of: command.account, &events)
    case .cancelSymbol: cancelAll(&events)
    case .halt: enter(.halted, &events)
    case .resume: enter(.trading, &events)
    case .cancelOnly: enter(.cancelOnly, &events)
    case .configure: return configure(command.rules, &events)
    case .setReference: return setReference(command.terms.price, &events)
    case .expire: expire(until: command.time, &events)
    case .epoch: break
    case .place, .cancel, .amend, nil: return .malformed
    }
    return nil
  }

  private mutating func enter(_ state: MarketState, _ events: inout EventBuffer) {
    self.state = state
    var event = event(.state)
    event.state = state.rawValue
    events.append(event)
  }

  private mutating func configure(_ rules: Rules, _ events: inout EventBuffer) -> Refusal? {
    guard OrderBook.areValid(rules) else { return .malformed }
    self.rules = rules
    events.append(event(.configured))
    return nil
  }

  private mutating func setReference(_ price: Int64, _ events: inout EventBuffer) -> Refusal? {
    guard price > 0 else { return .malformed }
    guard rules.max_price == 0 || price <= rules.max_price else { return .priceRange }
    referencePrice = price
    var event = event(.reference)
    event.price = price
    events.append(event)
    return nil
  }

  /// An event of the current command.
  @inline(__always)
  func event(_ kind: EventKind) -> Event {
    var event = Event()
    event.kind = kind.rawValue
    event.sequence = command.sequence
    event.time = command.time
    return event
  }
}
