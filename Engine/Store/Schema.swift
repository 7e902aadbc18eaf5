import Postgres

/// Why a database could not be brought to this program's schema.
public enum SchemaError: Error, CustomStringConvertible {
  case newer(found: Int, known: Int)
  case database(PostgresError)

  public var description: String {
    switch self {
    case .newer(let found, let known):
      "the database has schema \(found), this program knows up to \(known): use a newer program"
    case .database(let error): "\(error)"
    }
  }
}

public enum Schema {
  /// The schema this program works with.
  public static var version: Int { migrations.count }

  /// Any number nobody else locks; all processes that migrate queue behind it.
  private static let lock = 0x4F55_5443_5259

  /// Brings the database to the current schema, in one transaction. Safe to call again, and by
  /// several processes at once. `shard` says where the symbols go that a new database begins with.
  public static func migrate(
    _ connection: Connection, placing shard: ((_ name: String) -> UInt32)? = nil
  ) throws(SchemaError) {
    try migrate(connection, to: version, placing: shard)
    try check(connection)
  }

  package static func migrate(
    _ connection: Connection, to version: Int, placing shard: ((String) -> UInt32)? = nil
  ) throws(SchemaError) {
    do {
      try connection.transaction { () throws(PostgresError) in
        try connection.run("select pg_advisory_xact_lock(\(lock))")
        try connection.run(
          """
          create table if not exists schema_migrations (
            version int primary key,
            applied_at timestamptz not null default now())
          """)
        let found = try appliedVersion(connection)
        guard found < version else { return }
        for number in (found + 1)...version {
          try connection.run(migrations[number - 1])
          _ = try connection.query(
            "insert into schema_migrations (version) values ($1)", .int32(Int32(number)))
        }
        if found == 0, let shard { try place(connection, shard) }
      }
    } catch { throw .database(error) }
  }

  /// In the transaction that makes them: an engine must not find one where it does not stay.
  private static func place(_ connection: Connection, _ shard: (String) -> UInt32)
    throws(PostgresError)
  {
    let names = try connection.query("select name from symbols where shard = 0")
    for row in 0..<names.count {
      let name = names.text(row, 0)
      guard shard(name) != 0 else { continue }
      _ = try connection.query(
        "update symbols set shard = $2 where name = $1", .text(name), .int32(Int32(shard(name))))
    }
  }

  /// Refuses a database whose schema a newer program made.
  public static func check(_ connection: Connection) throws(SchemaError) {
    let found: Int
    do { found = try appliedVersion(connection) } catch { throw .database(error) }
    guard found <= version else { throw .newer(found: found, known: version) }
  }

  private static func appliedVersion(_ connection: Connection) throws(PostgresError) -> Int {
    let rows = try connection.query("select coalesce(max(version), 0) from schema_migrations")
    return Int(rows.int64(0, 0))
  }
}
