import Postgres

/// What a new account gets; secrets are shown this once.
public struct Registration: Sendable {
  public var account: UInt64
  public var token: String
  public var key: APIKey
}

public struct Login: Sendable {
  public var account: UInt64
  public var token: String
  public var expiresAt: Int64
}

/// One of an account's keys, without its secret.
public struct KeyRow: Equatable, Sendable {
  public var key: String
  public var mayTrade: Bool
  public var createdAt: Int64
}

/// Accounts, tokens and keys in PostgreSQL. Every call blocks on the database, and `register` and
/// `login` on a password hash as well: they belong to the slow pool. Times are microseconds since
/// 1970.
public struct AccountStore: Sendable {
  /// Where changed credentials are announced, for `CredentialCache.forget(announced:)`.
  public static let channel = "outcry_credentials"
  /// How many keys an account may have at once.
  public static let mostKeys = 100
  public static let tokenLifetime: Int64 = 30 * 86_400 * 1_000_000

  private enum Permission {
    static let readOnly: Int16 = 0
    static let trading: Int16 = 1
  }

  private let master: MasterKey
  private let password: Password

  public init(master: MasterKey, password: Password = .interactive) {
    self.master = master
    self.password = password
  }

  /// Makes an account with a token and a trading key.
  public func register(
    name: String, password text: String, now: Int64, on connection: Connection
  ) throws(AccountError) -> Registration {
    // Not what decides, but it saves the hash when the answer is known already.
    let taken = try asking { () throws(PostgresError) in
      try connection.queryPrepared("select 1 from accounts where name = $1", .text(name)).count > 0
    }
    guard !taken else { throw .nameTaken }
    let hash = try password.hash(text)
    let token = Token(master)
    let key = APIKey(master)
    let account = try asking { () throws(PostgresError) in
      let rows = try connection.queryPrepared(
        """
        with account as (
          insert into accounts (name, password_hash) values ($1, $2) returning id
        ), token as (
          insert into tokens (hash, account, expires_at) select $3, id, $4 from account
        ), api_key as (
          insert into api_keys (key, account, permissions) select $5, id, $6 from account
        )
        select id from account
        """,
        .text(name), .text(hash), .bytes(token.id.digest.bytes),
        .int64(now + AccountStore.tokenLifetime), .text(key.key), .int16(Permission.trading))
      return UInt64(rows.int64(0, 0))
    }
    return Registration(account: account, token: token.text, key: key)
  }

  /// Takes as long for a name that nobody has as for a wrong password.
  public func login(
    name: String, password text: String, now: Int64, on connection: Connection
  ) throws(AccountError) -> Login {
    let found = try asking { () throws(PostgresError) -> (account: Int64, hash: String)? in
      let rows = try connection.queryPrepared(
        "select id, password_hash from accounts where name = $1", .text(name))
      return rows.isEmpty ? nil : (rows.int64(0, 0), rows.text(0, 1))
    }
    guard try password.verify(text, against: found?.hash), let found else { throw .badLogin }
    let token = Token(master)
    let expiresAt = now + AccountStore.tokenLifetime
    try asking { () throws(PostgresError) in
      _ = try connection.queryPrepared(
        "delete from tokens where account = $1 and expires_at <= $2", .int64(found.account),
        .int64(now))
      _ = try connection.queryPrepared(
        "insert into tokens (hash, account, expires_at) values ($1, $2, $3)",
        .bytes(token.id.digest.bytes), .int64(found.account), .int64(expiresAt))
    }
    return Login(account: UInt64(found.account), token: token.text, expiresAt: expiresAt)
  }

  /// Ends a token. That it has ended already is no error.
  public func logout(_ token: CredentialID, on connection: Connection) throws(AccountError) {
    try asking { () throws(PostgresError) in
      _ = try connection.queryPrepared(
        "delete from tokens where hash = $1", .bytes(token.digest.bytes))
    }
  }

  /// Whose credential it is; nil when it was ended, revoked or has expired.
  public func find(
    _ credential: UnknownCredential, now: Int64, on connection: Connection
  ) throws(AccountError) -> Identity? {
    try asking { () throws(PostgresError) in
      switch credential {
      case .token(let id):
        let rows = try connection.queryPrepared(
          "select account, expires_at from tokens where hash = $1 and expires_at > $2",
          .bytes(id.digest.bytes), .int64(now))
        guard !rows.isEmpty else { return nil }
        return Identity(
          account: UInt64(rows.int64(0, 0)), mayTrade: true, expiresAt: rows.int64(0, 1))
      case .key(_, let name):
        let rows = try connection.queryPrepared(
          "select account, permissions from api_keys where key = $1 and revoked_at is null",
          .text(name))
        guard !rows.isEmpty else { return nil }
        return Identity(
          account: UInt64(rows.int64(0, 0)), mayTrade: rows.int64(0, 1) == Permission.trading)
      }
    }
  }

  /// A further key, unless there are `mostKeys` already.
  public func issueKey(
    account: UInt64, mayTrade: Bool, on connection: Connection
  ) throws(AccountError) -> APIKey {
    let key = APIKey(master)
    // Two requests at once may each find the last room: a bound, not a promise.
    let made = try asking { () throws(PostgresError) in
      try connection.queryPrepared(
        """
        insert into api_keys (key, account, permissions) select $1, $2, $3
        where (select count(*) from api_keys where account = $2 and revoked_at is null) < $4
        """, .text(key.key), .int64(Int64(account)),
        .int16(mayTrade ? Permission.trading : Permission.readOnly),
        .int64(Int64(AccountStore.mostKeys))
      ).affected
    }
    guard made == 1 else { throw .tooManyKeys }
    return key
  }

  /// The keys that still hold, oldest first.
  public func keys(
    account: UInt64, on connection: Connection
  ) throws(AccountError) -> [KeyRow] {
    try asking { () throws(PostgresError) in
      let rows = try connection.queryPrepared(
        """
        select key, permissions, created_at from api_keys
        where account = $1 and revoked_at is null order by created_at, key
        """, .int64(Int64(account)))
      var keys: [KeyRow] = []
      for row in 0..<rows.count {
        keys.append(
          KeyRow(
            key: rows.text(row, 0), mayTrade: rows.int64(row, 1) == Permission.trading,
            createdAt: rows.int64(row, 2)))
      }
      return keys
    }
  }

  /// Another account's key is as unknown as one that does not exist.
  public func revokeKey(
    _ key: String, account: UInt64, now: Int64, on connection: Connection
  ) throws(AccountError) {
    let revoked = try asking { () throws(PostgresError) in
      try connection.queryPrepared(
        """
        update api_keys set revoked_at = $3
        where key = $1 and account = $2 and revoked_at is null
        """, .text(key), .int64(Int64(account)), .int64(now)
      ).affected
    }
    guard revoked == 1 else { throw .unknownKey }
  }

  private func asking<Value>(
    _ body: () throws(PostgresError) -> Value
  ) throws(AccountError) -> Value {
    do {
      return try body()
    } catch {
      if error.isUniqueViolation && error.message.contains("accounts_name_key") {
        throw .nameTaken
      }
      throw .database(error)
    }
  }
}
