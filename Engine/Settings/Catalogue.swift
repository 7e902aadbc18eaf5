import Glibc

extension Settings {
  /// Everything that can be set, in the order in which people read it. The table of the README and
  /// the example file say the same; a test compares them.
  public static let catalogue: [Setting] =
    places + shardSettings + workerSettings + limits + engines + logs

  private static let places: [Setting] = [
    .number("port", .places, \.port, 1...65535, "where nginx listens"),
    .path(
      "state_dir", \.stateDirectory, "sockets, logs, data, keys", isEnvironmentOnly: true),
    .path(
      "config", \.configurationFile, "the file that holds settings",
      fallback: "`outcry.conf` in the state folder",
      isEnvironmentOnly: true),
    Setting(
      "instance", .places, \.instance, "prefix of the shared-memory segments",
      mustBe: "1 to 40 of a-z A-Z 0-9 _ -", fallback: "from the state folder's path",
      parse: { text, _ in isInstanceName(text) ? text : nil }),
    Setting(
      "database", .places, \.database, "libpq connection string, TLS and password included",
      mustBe: "a libpq connection string", fallback: "a PostgreSQL of its own", isSecret: true,
      parse: { text, _ in text }),
    .addresses(
      "redis", \.redis,
      "`host:port`, the path of a socket, or some nodes of a cluster with blanks between them",
      fallback: "a Redis of its own"),
    .address(
      "listen", \.listen, "FastCGI: `host:port` or a path",
      fallback: "a socket in the state folder"),
    .path(
      "publish_socket", \.publishSocket,
      "where nginx takes what streams say; whoever reaches it can speak for the exchange",
      fallback: "a socket in the state folder"),
    .path(
      "secret_file", \.secretFile, "master key that API secrets are encrypted with",
      fallback: "made in the state folder"),
    .path(
      "admin_key_file", \.adminKeyFile, "key of the admin calls",
      fallback: "made in the state folder"),
  ]

  private static let shardSettings: [Setting] = [
    .number("shard", .shards, \.shard, 0...(ShardAddresses.most - 1), "number of this shard"),
    Setting(
      "shards", .shards, \.shards,
      "where the workers of shard 0, 1, ... listen; several pools of one with commas between",
      mustBe: "1 to \(ShardAddresses.most) addresses, host:port or paths, with blanks between",
      fallback: "one shard, at `listen`",
      parse: { text, base in ShardAddresses(text) { Setting.absolute($0, base) } }),
    .number(
      "shards_used", .shards, \.shardsUsed, 0...ShardAddresses.most,
      "how many of `shards` symbols begin in, from 0 on; 0: all. It changes while they run"),
    Setting(
      "shard_databases", .shards, \.shardDatabases,
      "libpq connection strings of shard 0; 1; ..., or one in which `{shard}` is the number",
      mustBe: "connection strings with semicolons between", fallback: "`database` is the only one",
      isSecret: true, parse: { text, _ in ShardDatabases(text) }),
    Setting(
      "accounts_database", .shards, \.accountsDatabase,
      "where accounts, keys and symbols are, if not in shard 0's of `shard_databases`",
      mustBe: "a libpq connection string", fallback: "shard 0's database", isSecret: true,
      parse: { text, _ in text }),
    Setting(
      "placement", .shards, \.placement,
      "shard of a new symbol: `hash`, or names and ranges such as BTC-USD=0 A-M=1 N-Z=2",
      mustBe: "`hash`, or names and ranges such as BTC-USD=0 A-M=1, with blanks between",
      parse: { text, _ in Placement(text) }),
  ]

  private static let workerSettings: [Setting] = [
    Setting(
      "workers", .workers, \.workers,
      "worker processes: a number, or a range such as 2-16 to follow the load",
      mustBe: "a number from 1 to 64, or a range of two such as 2-16",
      parse: { text, _ in WorkerCount(text) }),
    .number(
      "worker_recycle", .workers, \.workerRecycle, 0...1_000_000_000_000,
      "replace a worker process after so many requests; 0: never"),
    .number(
      "worker_stuck_seconds", .workers, \.workerStuckSeconds, 1...3600,
      "replace a worker process that has work and does nothing for so long"),
    .number(
      "request_deadline_ms", .workers, \.requestDeadlineMilliseconds, 10...6000,
      "how long a request may take; nginx waits for an answer for 8 s"),
    .number(
      "slow_request_ms", .workers, \.slowRequestMilliseconds, 1...60_000,
      "what takes longer is counted as slow"),
    .number(
      "database_idle_seconds", .workers, \.databaseIdleSeconds, 1...86_400,
      "a worker closes a connection to PostgreSQL that it did not use for so long"),
  ]

  private static let limits: [Setting] = [
    .number(
      "account_rate", .limits, \.accountRate, 0...1_000_000,
      "requests a second of one account, which each shard counts by itself; 0: no limit"),
    .number(
      "account_orders", .limits, \.accountOrders, 0...1_000_000,
      "orders a second of one account in each shard, those of batches one by one; 0: no limit"),
    .number(
      "address_rate", .limits, \.addressRate, 0...1_000_000,
      "requests a second from one address; 0: no limit"),
    .number(
      "address_connections", .limits, \.addressConnections, 0...65_535,
      "requests and streams of one address under way at once; 0: no limit"),
    .number(
      "login_rate", .limits, \.loginRate, 0...1_000_000,
      "registrations and logins a minute from one address; 0: no limit"),
    Setting(
      "trusted_addresses", .limits, \.trustedAddresses,
      "addresses and networks without a limit by address; `none`: all have one",
      mustBe: "`none`, or addresses and networks such as 10.0.0.0/8, with blanks between",
      parse: { text, _ in trustedAddresses(text) },
      show: { $0.isEmpty ? "none" : $0.joined(separator: " ") }),
    .number(
      "client_timeout_seconds", .limits, \.clientTimeoutSeconds, 1...3600,
      "how long nginx waits for a client to send, or to read, the next piece"),
  ]

  private static let engines: [Setting] = [
    .number(
      "snapshot_every", .engines, \.snapshotEvery, 1000...1_000_000_000,
      "an engine stores a snapshot of its state after so many commands"),
    Setting(
      "journal_keep", .engines, \.journalKeep,
      "commands the journal keeps behind the oldest snapshot; 0 keeps everything",
      mustBe: "0 for everything, or at least 1048576",
      parse: { text, _ in Int(text).flatMap { $0 == 0 || $0 >= 1 << 20 ? $0 : nil } }),
  ]

  private static let logs: [Setting] = [
    Setting(
      "log_level", .logs, \.logLevel,
      "`debug`, `info`, `warning`, `error`; logs are JSON lines in `.outcry/log`",
      mustBe: "debug, info, warning or error", parse: { text, _ in Log.Level(name: text) })
  ]

  public static func setting(named name: String) -> Setting? {
    catalogue.first { $0.name == name }
  }

  /// A dot ends the name in that of a segment, so it may not stand inside.
  public static func isInstanceName(_ text: String) -> Bool {
    (1...40).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"),
          UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }

  /// Only what nginx takes for an address or a network, because it goes into its configuration.
  private static func trustedAddresses(_ text: String) -> [String]? {
    if text == "none" { return [] }
    let words = text.split(separator: " ").map(String.init)
    return !words.isEmpty && words.allSatisfy(isNetwork) ? words : nil
  }

  private static func isNetwork(_ text: String) -> Bool {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count) else { return false }
    var bytes = (UInt64(0), UInt64(0))
    let address = String(parts[0])
    let isOld = inet_pton(AF_INET, address, &bytes) == 1
    guard isOld || inet_pton(AF_INET6, address, &bytes) == 1 else { return false }
    guard parts.count == 2 else { return true }
    return Int(parts[1]).map { (0...(isOld ? 32 : 128)).contains($0) } ?? false
  }
}
