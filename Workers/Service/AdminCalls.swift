import API
import Accounts
import Glibc
import Postgres
import SharedMemory
import Store

/// What an operator does. Halts, limits and cancels are commands like an order: they go through
/// the symbol's ring and journal, so that a replay repeats them where they happened.
extension Handler {
  func administer(_ route: Route, _ inquiry: Inquiry) throws(APIError) {
    guard let given = inquiry.request.parameter("HTTP_X_ADMIN_KEY"),
      core.adminKey?.matches(given) == true
    else { throw .notAnAdministrator }
    try inquiry.checkIdempotencyKey()
    try Queries.none(inquiry.query)
    switch route {
    case .addSymbol: try addSymbol(inquiry)
    case .changeLimits(let name): try changeLimits(name, inquiry)
    case .control(let name, let call):
      try Queries.noBody(inquiry.body)
      let kind = call.kind
      try submit(
        Command(kind), .control(kind), try ownMarket(named: name, inquiry), inquiry,
        .administrator)
    default: preconditionFailure("not a call of administrators")
    }
  }

  /// Answers when the symbol trades, which the engines' manager sees to within a second or two.
  private func addSymbol(_ inquiry: Inquiry) throws(APIError) {
    let (request, parsed) = (inquiry.request, try NewSymbol.parse(inquiry.body))
    try slowly(.database, request) { worker throws(APIError) in
      let settings = worker.core.settings
      let count = try worker.read(from: .accounts) { connection throws(PostgresError) in
        try settings.isSharded ? ShardCount.find(connection) : nil
      }
      var new = parsed
      new.shard = settings.placement(of: new.name, among: count ?? settings.usedShards)
      // There it is seen when it trades.
      if new.shard != worker.core.shard, request.hops == 0 { throw .elsewhere(new.shard) }
      let symbol = new
      let stored = try worker.symbols { connection throws(SymbolError) in
        try Symbols.add(symbol, connection)
      }
      let (core, handler) = (worker.core, worker.handler)
      worker.wait { core.markets.current[stored.symbol.id]?.state(core) != nil }
      guard let entry = API.SymbolEntry(stored.symbol) else { throw .internalError }
      handler.output.clear()
      handler.output.symbol(entry, state: core.markets.current[stored.symbol.id]?.state(core))
      handler.succeed(201, request)
    }
  }

  /// The limits that are not named stay as the journal has them.
  private func changeLimits(_ name: String, _ inquiry: Inquiry) throws(APIError) {
    let market = try ownMarket(named: name, inquiry)
    let changes = try LimitChanges.parse(inquiry.body, market.entry)
    let (request, deadline, mark) = (inquiry.request, inquiry.deadline, ReadMark([market]))
    try slowly(.database, request) { worker throws(APIError) in
      try mark.wait()
      let rules = try worker.symbols { connection throws(SymbolError) -> Rules in
        let stored: StoredSymbol?
        do throws(PostgresError) {
          stored = try Symbols.find(name, connection)
        } catch {
          throw .database(error)
        }
        var rules = stored?.symbol.rules ?? market.entry.symbol.rules
        changes.apply(to: &rules)
        try Symbols.validate(rules)
        return rules
      }
      var command = Command(.configure)
      // The others are only to be judged by: what they are the engine knows.
      command.rules = rules
      command.changes = changes.limits.rawValue
      let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
      let inquiry = Inquiry(request, body: nothing, deadline: deadline)
      try worker.handler.submit(
        command, .control(.configure), market, inquiry, .administrator)
    }
  }

  /// The engine has accepted it. By the completion thread. `command` is nil when it was a repeated
  /// one.
  func finishControl(
    _ kind: CommandKind, _ command: Command?, _ answer: Answer, _ waiting: PendingRequest
  ) {
    let (market, request) = (waiting.market, waiting.request)
    guard kind == .configure else {
      output.clear()
      output.symbol(market.current(core), state: kind.state)
      return succeed(200, request)
    }
    // The limits become known to all workers behind the tables; whoever asks next must see them.
    do throws(APIError) {
      try slowly(.database, request) { worker throws(APIError) in
        try ReadMark(market, through: answer.sequence).wait()
        let stored = try worker.read(from: .accounts) { connection throws(PostgresError) in
          try Symbols.find(market.entry.symbol.name, connection)
        }
        let rules = command?.rules ?? stored?.symbol.rules ?? market.entry.symbol.rules
        // Whatever somebody else sets at the same moment.
        let limits = command.map { Limits(rawValue: $0.changes) } ?? .all
        worker.wait {
          let current = market.current(worker.core).symbol.rules
          return current.taking(limits, from: rules) == current
        }
        let handler = worker.handler
        handler.output.clear()
        handler.output.symbol(market.current(worker.core), state: market.state(worker.core))
        handler.succeed(200, request)
      }
    } catch {
      fail(error, request)
    }
  }
}

extension SlowWorker {
  fileprivate func symbols<Value>(
    _ body: (Connection) throws(SymbolError) -> Value
  ) throws(APIError) -> Value {
    var problem: APIError?
    let value = try read(from: .accounts) { connection throws(PostgresError) -> Value? in
      do throws(SymbolError) {
        return try body(connection)
      } catch {
        if case .database(let error) = error { throw error }
        problem = APIError(error)
        return nil
      }
    }
    guard let value else { throw problem ?? .internalError }
    return value
  }

  /// Until the condition holds, for a while; what cannot be waited for comes about later.
  fileprivate func wait(until condition: () -> Bool) {
    let end = Clock.monotonicNanos() + 3_000_000_000
    while !condition(), Clock.monotonicNanos() < end { usleep(5000) }
  }
}

extension APIError {
  fileprivate init(_ error: SymbolError) {
    switch error {
    case .invalid(let field, let message):
      let names = ["name": "symbol", "tick": "tickSize"]
      self.init(400, "invalid_value", "\(field): \(message)", field: names[field] ?? field)
    case .nameTaken(let name):
      self.init(409, "symbol_taken", "there is a symbol \(name) already", field: "symbol")
    case .tooMany:
      self.init(422, "symbol_limit", "there are as many symbols as there can be")
    case .database: self = .internalError
    }
  }
}

extension Route.MarketCall {
  fileprivate var kind: CommandKind {
    switch self {
    case .halt: .halt
    case .resume: .resume
    case .cancelOnly: .cancelOnly
    case .cancelAll: .cancelSymbol
    }
  }
}

extension CommandKind {
  /// The state that a command brings the market to.
  fileprivate var state: MarketState? {
    switch self {
    case .halt: .halted
    case .resume: .trading
    case .cancelOnly: .cancelOnly
    default: nil
    }
  }
}

extension Identity {
  /// Commands of the operator belong to no account; those of clients count from 1.
  fileprivate static let administrator = Identity(account: 0, mayTrade: true)
}
