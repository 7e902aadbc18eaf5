import Postgres

extension Schema {
  /// In the database of the symbols. Without its row, what was configured holds. `asked_at` is when
  /// somebody who follows the number that is wanted was about to ask for it, at the latest.
  static let shardCountTable = """
    create table shard_count (
      is_only boolean primary key default true check (is_only),
      count int check (count > 0),
      asked_at bigint not null default 0
    );

    """
}

/// How many shards take symbols, from 0 on. More may have an address: so a shard that is added, or
/// given up, changes no configuration, and nobody has to be started again.
public enum ShardCount {
  /// Nil until somebody has said it.
  public static func find(_ connection: Connection) throws(PostgresError) -> Int? {
    let rows = try connection.query("select count from shard_count where count is not null")
    return rows.isEmpty ? nil : Int(rows.int64(0, 0))
  }

  /// From now on; new symbols go there, those that there are do when somebody moves them.
  public static func store(_ count: Int, _ connection: Connection) throws(PostgresError) {
    _ = try connection.query(
      """
      insert into shard_count (count) values ($1) on conflict (is_only) do update set count = $1
      """, .int32(Int32(count)))
  }

  /// What is wanted was asked for after that time, and the number that is stored heeds it.
  public static func confirm(asOf time: Int64, _ connection: Connection) throws(PostgresError) {
    _ = try connection.query(
      """
      insert into shard_count (asked_at) values ($1)
      on conflict (is_only) do update set asked_at = greatest(shard_count.asked_at, $1)
      """, .int64(time))
  }

  /// Zero when nobody has ever asked.
  public static func confirmedAt(_ connection: Connection) throws(PostgresError) -> Int64 {
    try connection.query("select coalesce((select asked_at from shard_count), 0)").int64(0, 0)
  }

  /// The clock of these times, in microseconds.
  public static func now(_ connection: Connection) throws(PostgresError) -> Int64 {
    try connection.query("select (extract(epoch from clock_timestamp()) * 1000000)::bigint")
      .int64(0, 0)
  }

  /// Whether nothing lives in that shard, nor is on its way from there.
  public static func isEmpty(_ shard: Int, _ connection: Connection) throws(PostgresError) -> Bool {
    try connection.query(
      """
      select not exists (select from symbols where shard = $1)
        and not exists (select from moves where source = $1)
      """, .int32(Int32(shard))
    ).bool(0, 0)
  }
}
