import API
import Accounts
import Postgres
import SharedMemory

/// One thread of the slow pool with its own connection to the database, made when it is first
/// needed: a worker that nobody asks for history holds none.
final class SlowWorker {
  let core: Core
  let handler: Handler
  private var connection: Connection? {
    didSet {
      if (oldValue == nil) == (connection == nil) { return }
      if connection == nil {
        core.slot.gauges.lower(.databaseConnections)
      } else {
        core.slot.gauges.raise(.databaseConnections)
      }
    }
  }

  init(_ core: Core) {
    self.core = core
    handler = Handler(core, .others)
  }

  var isConnected: Bool { connection != nil }
  var idleNanos: Int64 { Int64(core.settings.databaseIdleSeconds) * 1_000_000_000 }

  func closeConnection() { connection = nil }

  /// Runs something that may be run twice: when the connection turns out to be lost, as it is
  /// after a restart of the server, it is tried once more on a new one.
  func read<Value>(
    _ body: (Connection) throws(PostgresError) -> Value
  ) throws(APIError) -> Value {
    let isNew = connection == nil
    do throws(PostgresError) {
      return try body(try connected())
    } catch {
      guard error.connectionLost, !isNew else { throw refusal(error) }
      connection = nil
      do throws(PostgresError) {
        return try body(try connected())
      } catch {
        throw refusal(error)
      }
    }
  }

  /// Runs something that must not be run twice.
  func accounts<Value>(
    _ body: (AccountStore, Connection) throws(AccountError) -> Value
  ) throws(APIError) -> Value {
    // A connection that was lost while it had nothing to do is noticed before the work begins.
    try read { connection throws(PostgresError) in try connection.run("select 1") }
    do throws(AccountError) {
      guard let connection else { throw AccountError.outOfMemory }
      return try body(core.accounts, connection)
    } catch {
      switch error {
      case .nameTaken: throw .nameTaken
      case .badLogin: throw .badLogin
      case .unknownKey: throw .unknownKey
      case .tooManyKeys:
        throw APIError(422, "key_limit", "the account has as many keys as it may have")
      case .outOfMemory: throw .unavailable("busy", "no memory for a password hash right now")
      case .database(let error): throw refusal(error)
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

  private func connected() throws(PostgresError) -> Connection {
    if let connection, !connection.isLost { return connection }
    connection = nil
    let fresh = try Connection(core.settings.database, name: "outcry-worker")
    // Nobody waits longer than this for a page of history, and the next request wants the thread.
    try fresh.run("set statement_timeout = '3s'")
    connection = fresh
    return fresh
  }

  private func refusal(_ error: PostgresError) -> APIError {
    if error.connectionLost { connection = nil }
    core.errors.record("database", cause: error.description)
    // Class 57: the server is being stopped or the statement took too long; 53: no room.
    if error.connectionLost || error.state.hasPrefix("57") || error.state.hasPrefix("53") {
      return .unavailable("database_away", "the database does not answer")
    }
    return .internalError
  }
}
