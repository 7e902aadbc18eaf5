import API
import Accounts
import Postgres
import SharedMemory

/// One thread of the slow pool with its own connection to the database, made when it is first
/// needed: a worker that nobody asks for history holds none.
final class SlowWorker {
  /// Where something is kept: this shard's journal and history, or accounts, keys and symbols, for
  /// which another shard's database may have to be asked.
  enum Database {
    case own, accounts
  }

  let core: Core
  let handler: Handler
  private var connection: Connection? {
    didSet { count(oldValue, connection) }
  }
  /// Only where that is another database.
  private var ofAccounts: Connection? {
    didSet { count(oldValue, ofAccounts) }
  }

  init(_ core: Core) {
    self.core = core
    handler = Handler(core, .others)
  }

  private func count(_ before: Connection?, _ now: Connection?) {
    if (before == nil) == (now == nil) { return }
    if now == nil {
      core.slot.gauges.lower(.databaseConnections)
    } else {
      core.slot.gauges.raise(.databaseConnections)
    }
  }

  var isConnected: Bool { connection != nil || ofAccounts != nil }
  var idleNanos: Int64 { Int64(core.settings.databaseIdleSeconds) * 1_000_000_000 }

  func closeConnection() {
    connection = nil
    ofAccounts = nil
  }

  /// Runs something that may be run twice: when the connection turns out to be lost, as it is
  /// after a restart of the server, it is tried once more on a new one.
  func read<Value>(
    from database: Database = .own, _ body: (Connection) throws(PostgresError) -> Value
  ) throws(APIError) -> Value {
    let place = path(to: database)
    let isNew = self[keyPath: place] == nil
    do throws(PostgresError) {
      return try body(try connected(place))
    } catch {
      guard error.connectionLost, !isNew else { throw refusal(error, place) }
      self[keyPath: place] = nil
      do throws(PostgresError) {
        return try body(try connected(place))
      } catch {
        throw refusal(error, place)
      }
    }
  }

  private typealias Place = ReferenceWritableKeyPath<SlowWorker, Connection?>

  private func path(to database: Database) -> Place {
    database == .own || core.hasAccounts ? \.connection : \.ofAccounts
  }

  /// Runs something that must not be run twice.
  func accounts<Value>(
    _ body: (AccountStore, Connection) throws(AccountError) -> Value
  ) throws(APIError) -> Value {
    // A connection that was lost while it had nothing to do is noticed before the work begins.
    try read(from: .accounts) { connection throws(PostgresError) in
      try connection.run("select 1")
    }
    let place = path(to: .accounts)
    do throws(AccountError) {
      guard let connection = self[keyPath: place] else { throw AccountError.outOfMemory }
      return try body(core.accounts, connection)
    } catch {
      switch error {
      case .nameTaken: throw .nameTaken
      case .badLogin: throw .badLogin
      case .unknownKey: throw .unknownKey
      case .tooManyKeys:
        throw APIError(422, "key_limit", "the account has as many keys as it may have")
      case .outOfMemory: throw .unavailable("busy", "no memory for a password hash right now")
      case .database(let error): throw refusal(error, place)
      }
    }
  }

  func find(_ credential: UnknownCredential) throws(APIError) -> Identity {
    let ticket = core.authenticator.cache.ticket()
    let found = try accounts { store, connection throws(AccountError) in
      try store.find(credential, now: Clock.wallMicros(), on: connection)
    }
    guard let found else { throw .unauthorized }
    core.authenticator.cache.insert(credential.id, found, ticket)
    return found
  }

  private func connected(_ place: Place) throws(PostgresError) -> Connection {
    if let known = self[keyPath: place], !known.isLost { return known }
    self[keyPath: place] = nil
    let database = place == \.connection ? core.settings.database : core.settings.accounts
    let fresh = try Connection(database, name: "outcry-worker")
    // Nobody waits longer than this for a page of history, and the next request wants the thread.
    try fresh.run("set statement_timeout = '3s'")
    self[keyPath: place] = fresh
    return fresh
  }

  private func refusal(_ error: PostgresError, _ place: Place) -> APIError {
    if error.connectionLost { self[keyPath: place] = nil }
    core.errors.record("database", cause: error.description)
    // Class 57: the server is being stopped or the statement took too long; 53: no room.
    if error.connectionLost || error.state.hasPrefix("57") || error.state.hasPrefix("53") {
      return .unavailable("database_away", "the database does not answer")
    }
    return .internalError
  }
}
