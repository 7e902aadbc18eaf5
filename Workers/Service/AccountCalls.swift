import API
import Accounts
import Postgres
import SharedMemory

/// Accounts and tokens: all of it in the slow pool.
extension Handler {
  func register(_ inquiry: Inquiry) throws(APIError) {
    let given = try NameAndPassword.register(inquiry.body)
    let request = inquiry.request
    try slowly(.hashing, request) { worker throws(APIError) in
      let made = try worker.accounts { store, connection throws(AccountError) in
        try store.register(
          name: given.name, password: given.password, now: Clock.wallMicros(), on: connection)
      }
      let handler = worker.handler
      handler.output.clear()
      handler.output.registered(
        account: made.account, name: given.name, token: made.token, apiKey: made.key.key,
        apiSecret: made.key.secret)
      handler.succeed(201, request)
    }
  }

  func login(_ inquiry: Inquiry) throws(APIError) {
    let given = try NameAndPassword.login(inquiry.body)
    let request = inquiry.request
    try slowly(.hashing, request) { worker throws(APIError) in
      let login = try worker.accounts { store, connection throws(AccountError) in
        try store.login(
          name: given.name, password: given.password, now: Clock.wallMicros(), on: connection)
      }
      let handler = worker.handler
      handler.output.clear()
      handler.output.loggedIn(
        account: login.account, token: login.token, expiresAt: login.expiresAt)
      handler.succeed(200, request)
    }
  }

  func account(_ inquiry: Inquiry, _ identity: Identity) throws(APIError) {
    try Queries.none(inquiry.query)
    let request = inquiry.request
    if isForAllShards(nil, inquiry) {
      return try gather(inquiry) { worker, scope throws(APIError) in
        worker.handler.output.holdings(try worker.holdings(of: identity, scope))
      } merge: { worker, answers throws(APIError) in
        try worker.writeAccount(identity, answers)
      }
    }
    let scope = Scope(core, request)
    try slowly(.database, request) { worker throws(APIError) in
      let found = try worker.holdings(of: identity, scope)
      worker.handler.output.clear()
      if scope.isPart {
        worker.handler.output.holdings(found)
      } else {
        worker.handler.output.account(found, worker.core.limits.allowance)
      }
      worker.handler.succeed(200, request)
    }
  }

  /// Ends the token that the request came with. An API key has no session to end.
  func logout(_ inquiry: Inquiry) throws(APIError) {
    let request = inquiry.request
    guard let header = request.parameter("HTTP_AUTHORIZATION"),
      let token = Authenticator.tokenID(header)
    else { throw APIError(400, "no_token", "there is no token to end", field: "Authorization") }
    try slowly(.database, request) { worker throws(APIError) in
      try worker.accounts { store, connection throws(AccountError) in
        try store.logout(token, on: connection)
      }
      // The other workers hear of it by NOTIFY; this one must not wait for that.
      worker.core.authenticator.cache.forget(token)
      worker.handler.succeedEmpty(204, request)
    }
  }
}

extension SlowWorker {
  /// An account with what it holds in the symbols of the scope. Who asks for a part knows its name.
  fileprivate func holdings(of identity: Identity, _ scope: Scope) throws(APIError) -> AccountRow {
    try scope.wait()
    var found: AccountRow? = scope.isPart ? AccountRow(identity) : try row(of: identity)
    let (table, symbols) = (core.markets.current, scope.symbols(core))
    try read { connection throws(PostgresError) in
      try Tables.addHoldings(to: &found, among: symbols, table, connection)
    }
    guard let found else { throw .unauthorized }
    return found
  }

  private func row(of identity: Identity) throws(APIError) -> AccountRow? {
    try read(from: .accounts) { connection throws(PostgresError) in
      try Tables.account(identity, connection)
    }
  }

  fileprivate func writeAccount(_ identity: Identity, _ parts: [ShardAnswer]) throws(APIError) {
    guard var found = try row(of: identity) else { throw .unauthorized }
    found.openOrders = parts.reduce(0) { $0 + ($1.number("openOrders") ?? 0) }
    let positions = bySymbol(parts.flatMap { $0.list("positions") ?? [] })
    handler.output.account(found, core.limits.allowance, gathered: positions)
  }

  /// In the order of the symbols' numbers.
  func bySymbol(_ rows: [ShardAnswer.Text]) -> [ShardAnswer.Text] {
    let table = core.markets.current
    let numbered = rows.compactMap { row -> (UInt32, ShardAnswer.Text)? in
      let name = ShardAnswer(Array(row))?.text("symbol")
      return name.flatMap { table[$0]?.entry.symbol.id }.map { ($0, row) }
    }
    return numbered.sorted { $0.0 < $1.0 }.map(\.1)
  }
}

extension AccountRow {
  fileprivate init(_ identity: Identity) {
    self.init(
      account: identity.account, name: "", createdAt: 0,
      permission: identity.mayTrade ? .trading : .readOnly, openOrders: 0, positions: [])
  }
}
