import Accounts
import Postgres
import Store
import TestSupport
import Testing

@Suite("Accounts in the database", .serialized)
struct AccountStoreTests {
  static let now: Int64 = 1_790_000_000_000_000
  let master = MasterKey(bytes: [UInt8](repeating: 7, count: 32))
  let cache = CredentialCache(capacity: 64)
  let store: AccountStore
  let connection: Connection
  let settings = TestPostgres.shared.newDatabase()

  init() throws {
    connection = try Connection(settings)
    try Schema.migrate(connection)
    store = AccountStore(master: master, password: SecretsTests.cheap)
  }

  private var check: Authenticator { Authenticator(master: master, cache: cache) }

  private func register(_ name: String) throws -> Registration {
    try store.register(
      name: name, password: "12345678", now: AccountStoreTests.now, on: connection)
  }

  /// Whose token it is in the database's eyes.
  private func owner(_ token: String, now: Int64 = now) throws -> Identity? {
    guard case .unknown(let credential) = AuthenticatorTests.bearer(token, check) else {
      Issue.record("not a genuine token")
      return nil
    }
    return try store.find(credential, now: now, on: connection)
  }

  private func owner(of key: APIKey) throws -> Identity? {
    var headers = AuthenticatorTests.Headers(
      key: key.key, timestamp: "\(AccountStoreTests.now / 1000)")
    headers.signature = Signature.make(
      secret: key.secret, timestamp: headers.timestamp!, method: headers.method,
      target: headers.target, body: Array(headers.body.utf8))
    guard case .unknown(let credential) = AuthenticatorTests.outcome(headers, check) else {
      Issue.record("not a genuine key")
      return nil
    }
    return try store.find(credential, now: AccountStoreTests.now, on: connection)
  }

  private func error<Value>(_ body: () throws(AccountError) -> Value) -> AccountError? {
    do throws(AccountError) {
      _ = try body()
      return nil
    } catch {
      return error
    }
  }

  @Test("a new account can come back with its token, its key and its password")
  func register() throws {
    let ann = try register("ann")
    #expect(try owner(ann.token)?.account == ann.account)
    #expect(try owner(of: ann.key) == Identity(account: ann.account, mayTrade: true))
    let login = try store.login(
      name: "ann", password: "12345678", now: AccountStoreTests.now, on: connection)
    #expect(login.account == ann.account && login.token != ann.token)
    #expect(login.expiresAt == AccountStoreTests.now + AccountStore.tokenLifetime)
    #expect(try owner(login.token)?.expiresAt == login.expiresAt)
  }

  @Test("a name is taken once, also by two at the same time")
  func taken() async throws {
    _ = try register("bob")
    guard
      case .nameTaken = error({ () throws(AccountError) in
        try store.register(name: "bob", password: "12345678", now: 1, on: connection)
      })
    else {
      Issue.record("bob registered twice")
      return
    }
    let (accounts, settings) = (store, settings)
    let made = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<6 {
        group.addTask {
          let connection = try Connection(settings)
          do throws(AccountError) {
            _ = try accounts.register(name: "eve", password: "12345678", now: 1, on: connection)
            return 1
          } catch {
            guard case .nameTaken = error else { throw error }
            return 0
          }
        }
      }
      return try await group.reduce(0, +)
    }
    #expect(made == 1)
    let orphans = try connection.query(
      "select (select count(*) from tokens) - (select count(*) from accounts)")
    #expect(orphans.int64(0, 0) == 0)
  }

  @Test("a wrong password and an unknown name are the same error")
  func badLogin() throws {
    _ = try register("joe")
    for (name, password) in [("joe", "12345679"), ("jim", "12345678"), ("JOE", "12345678")] {
      guard
        case .badLogin = error({ () throws(AccountError) in
          try store.login(name: name, password: password, now: 1, on: connection)
        })
      else {
        Issue.record("\(name) got in")
        return
      }
    }
  }

  @Test("a token ends by logging out and by its time")
  func ends() throws {
    let ann = try register("ann")
    let end = AccountStoreTests.now + AccountStore.tokenLifetime
    #expect(try owner(ann.token, now: end - 1) != nil)
    #expect(try owner(ann.token, now: end) == nil)
    let header = Array("Bearer \(ann.token)".utf8)
    let id = try #require(header.withUnsafeBytes { Authenticator.tokenID($0) })
    try store.logout(id, on: connection)
    try store.logout(id, on: connection)
    #expect(try owner(ann.token) == nil)
  }

  @Test("keys may be read-only, are listed without secrets and revoked by their owner alone")
  func keys() throws {
    let ann = try register("ann")
    let bob = try register("bob")
    let key = try store.issueKey(account: ann.account, mayTrade: false, on: connection)
    #expect(try owner(of: key) == Identity(account: ann.account, mayTrade: false))
    let listed = try store.keys(account: ann.account, on: connection)
    #expect(listed.map(\.key).sorted() == [ann.key.key, key.key].sorted())
    #expect(listed.filter(\.mayTrade).map(\.key) == [ann.key.key])
    guard
      case .unknownKey = error({ () throws(AccountError) in
        try store.revokeKey(key.key, account: bob.account, now: 1, on: connection)
      })
    else {
      Issue.record("bob revoked ann's key")
      return
    }
    try store.revokeKey(key.key, account: ann.account, now: 1, on: connection)
    #expect(try owner(of: key) == nil)
    #expect(try store.keys(account: ann.account, on: connection).map(\.key) == [ann.key.key])
  }

  @Test("what ends a credential in the database empties its place in the cache")
  func announced() throws {
    let listener = try Connection(settings)
    try listener.listen(to: AccountStore.channel)
    let ann = try register("ann")
    guard case .unknown(let credential) = AuthenticatorTests.bearer(ann.token, check) else {
      Issue.record("not a genuine token")
      return
    }
    cache.insert(
      credential.id, Identity(account: ann.account, mayTrade: true), cache.ticket())
    try store.logout(credential.id, on: connection)
    let forgotten = try eventually {
      for announcement in try listener.notifications() {
        cache.forget(announced: announcement.payload)
      }
      return cache.find(credential.id, now: AccountStoreTests.now) == nil
    }
    #expect(forgotten)
  }

  @Test("the database holds nothing that lets anybody in")
  func atRest() throws {
    let ann = try register("ann")
    let rows = try connection.query(
      """
      select (select string_agg(accounts::text, '') from accounts)
        || (select string_agg(tokens::text, '') from tokens)
        || (select string_agg(api_keys::text, '') from api_keys)
      """)
    let everything = rows.text(0, 0)
    #expect(everything.contains(ann.key.key))
    for secret in [ann.token, ann.key.secret, "12345678"] {
      #expect(!everything.contains(secret))
    }
  }

  @Test("an unreachable database is an error of its own")
  func away() throws {
    let other = try Connection(settings)
    try connection.run("select pg_terminate_backend(\(other.backendID))")
    let found = error { () throws(AccountError) in
      try store.login(name: "ann", password: "12345678", now: 1, on: other)
    }
    guard case .database(let error) = found else {
      Issue.record("\(String(describing: found))")
      return
    }
    #expect(error.connectionLost)
  }
}
