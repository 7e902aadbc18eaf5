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
    let (request, table) = (inquiry.request, core.markets.current)
    let mark = ReadMark(core.ownMarkets)
    let own = core.ownSymbols
    try slowly(.database, request) { worker throws(APIError) in
      try mark.wait()
      var found = try worker.read(from: .accounts) { connection throws(PostgresError) in
        try Tables.account(identity, connection)
      }
      try worker.read { connection throws(PostgresError) in
        try Tables.addHoldings(to: &found, among: own, table, connection)
      }
      guard let found else { throw .unauthorized }
      worker.handler.output.clear()
      worker.handler.output.account(found, worker.core.limits.allowance)
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
