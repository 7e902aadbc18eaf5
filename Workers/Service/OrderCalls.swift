import API
import Accounts
import SharedMemory

/// What becomes a command.
extension Handler {
  func place(_ inquiry: Inquiry, _ identity: Identity) throws(APIError) {
    try checkTrading(inquiry, identity)
    let table = core.markets.current
    let order = try OrderRequest.parse(inquiry.body) { table.names.entry(named: $0) }
    guard let market = table[order.entry.symbol.id] else {
      throw .unknownSymbol(order.entry.symbol.name)
    }
    try requireOwn(market, inquiry)
    try core.limits.admitOrders(1, of: identity.account)
    try submit(order.command, .place, market, inquiry, identity)
  }

  func cancel(_ id: UInt64, _ inquiry: Inquiry, _ identity: Identity) throws(APIError) {
    try checkTrading(inquiry, identity)
    try Queries.none(inquiry.query)
    var command = Command(.cancel)
    command.order_id = id
    try submit(command, .cancel, try market(ofOrder: id, inquiry), inquiry, identity)
  }

  func amend(_ id: UInt64, _ inquiry: Inquiry, _ identity: Identity) throws(APIError) {
    try checkTrading(inquiry, identity)
    let market = try market(ofOrder: id, inquiry)
    let command = try OrderRequest.parseAmend(inquiry.body, orderID: id, entry: market.entry)
    try submit(command, .amend, market, inquiry, identity)
  }

  func cancelAll(_ inquiry: Inquiry, _ identity: Identity) throws(APIError) {
    try checkTrading(inquiry, identity)
    guard let name = try Queries.symbol(inquiry.query) else {
      return try cancelEverywhere(inquiry, identity)
    }
    let market = try ownMarket(named: name, inquiry)
    try submit(Command(.cancelAccount), .cancelAll, market, inquiry, identity)
  }

  /// What every call that changes something begins with.
  func checkTrading(_ inquiry: Inquiry, _ identity: Identity) throws(APIError) {
    guard identity.mayTrade else { throw .forbidden }
    try inquiry.checkIdempotencyKey()
  }

  /// An order id of a symbol that does not exist belongs to no order.
  private func market(ofOrder id: UInt64, _ inquiry: Inquiry) throws(APIError) -> Market {
    guard let market = core.markets.current[OrderID.symbol(of: id)] else { throw .orderNotOpen }
    try requireOwn(market, inquiry)
    return market
  }

  /// Sends one command to its engine; the completion thread answers the request.
  func submit(
    _ command: Command, _ task: PendingRequest.Task, _ market: Market, _ inquiry: Inquiry,
    _ identity: Identity
  ) throws(APIError) {
    var command = command
    complete(&command, inquiry, identity)
    let mailbox = try takeMailbox(market, commands: 1)
    mailbox.commands.initializeElement(at: 0, to: command)
    post(mailbox, 1, market, task, of: identity.account, inquiry)
  }

  /// Whose command it is, until when it may be executed, and the key that makes it repeatable:
  /// the order's own, else that of the call. A client cannot choose a key with a `~` in it.
  func complete(
    _ command: inout Command, _ inquiry: Inquiry, _ identity: Identity, item: Int? = nil
  ) {
    command.account = identity.account
    command.deadline = core.commandDeadline(inquiry.deadline)
    let trace = core.journeys[inquiry.request].trace
    if trace.isPresent { trace.stamp(&command) }
    guard !OrderFlags(rawValue: command.flags).contains(.clientKey) else { return }
    withUnsafeTemporaryAllocation(byteCount: Command.keyCapacity, alignment: 1) { key in
      var length = inquiry.writeName(into: key)
      guard length > 0 else { return }
      if let item {
        key[length] = UInt8(ascii: "~")
        for shift in [8, 4, 0] {
          length += 1
          key[length] = 0x61 + UInt8(truncatingIfNeeded: item >> shift & 15)
        }
        length += 1
      }
      command.setKey(UnsafeRawBufferPointer(rebasing: key[..<length]))
    }
  }

  func takeMailbox(_ market: Market, commands: Int) throws(APIError) -> Mailbox {
    guard market.segment != nil else {
      throw .unavailable("engine_away", "the symbol's engine cannot be reached")
    }
    guard market.admit() else {
      throw .unavailable("engine_busy", "too many requests wait for this symbol's engine")
    }
    let isSmall = commands <= Int(OUTCRY_SMALL_COMMANDS)
    guard let mailbox = isSmall ? core.slot.acquireSmall() : core.slot.acquireLarge() else {
      market.leave()
      throw .unavailable("busy", "too many requests wait for engines")
    }
    return mailbox
  }

  /// From `put` on the request belongs to the completion thread. A full ring is noticed by it
  /// too: it finds the mailbox taken back.
  func post(
    _ mailbox: Mailbox, _ count: Int, _ market: Market, _ task: PendingRequest.Task,
    of account: UInt64, _ inquiry: Inquiry
  ) {
    let now = Clock.monotonicNanos()
    core.journeys[inquiry.request].notePush(to: market.entry.symbol.id, at: now)
    let reference = mailbox.post(symbolID: market.entry.symbol.id, count: count, at: now)
    core.pending.put(
      PendingRequest(
        request: inquiry.request, mailbox: mailbox, market: market, task: task,
        account: account, wasOwn: !core.isSharded || market.place.shard == core.shard,
        deadline: inquiry.deadline))
    if market.segment?.ring.push(reference) == nil {
      _ = mailbox.giveUp()
      core.slot.bell.ring()
    }
  }
}
