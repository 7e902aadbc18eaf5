/// What every program of the exchange reads from its configuration file and its environment. All of
/// it is optional: the defaults are those of a fresh set-up. `Settings.catalogue` gives each field
/// its name, its limits and its meaning.
public struct Settings: Hashable, Sendable {
  /// Prefixes every shared-memory segment, so that two exchanges fit on one host.
  public var instance = "outcry"
  /// A libpq connection string; what it leaves out libpq takes from PGHOST and friends.
  public var database = "dbname=outcry"
  /// One server, or some of the nodes of a cluster.
  public var redis = [Address.tcp(host: "127.0.0.1", port: 6379)]
  /// Where the workers accept FastCGI connections, unless a socket was handed down to them.
  public var listen = Address.unix(path: ".outcry/run/workers.sock")
  /// Where nginx takes what the streams say, from `outcry-feed` alone.
  public var publishSocket = ".outcry/run/nginx/publish.sock"
  /// Master key that API secrets are encrypted with.
  public var secretFile = ".outcry/secret"
  /// Holds the key of the admin calls; without the file they are refused.
  public var adminKeyFile = ".outcry/admin-key"
  /// Where `outcry up` keeps everything of one exchange.
  public var stateDirectory = ".outcry"
  /// As it was named; empty: `outcry.conf` in the state folder, if there is one.
  public var configurationFile = ""
  /// Where nginx answers.
  public var port: UInt16 = 8080

  /// This process's shard.
  public var shard = 0
  public var shards = ShardAddresses()
  /// 0: all of them. See `usedShards`.
  public var shardsUsed = 0
  /// Empty: see `accounts`.
  public var accountsDatabase = ""
  public var shardDatabases = ShardDatabases()
  public var placement = Placement()

  public var workers: WorkerCount = 2
  public var workerRecycle = 0
  public var workerStuckSeconds = 5
  /// How long a request may take, from the worker's first look at it to the answer.
  public var requestDeadlineMilliseconds = 5000
  public var slowRequestMilliseconds = 1000
  public var databaseIdleSeconds = 30

  public var accountRate = 20_000
  public var accountOrders = 0
  public var addressRate = 5000
  public var addressConnections = 2000
  public var loginRate = 60
  /// Programs on the same machine, benchmarks among them, are not held up.
  public var trustedAddresses = ["127.0.0.0/8", "::1"]
  public var clientTimeoutSeconds = 10

  /// An engine stores a snapshot of its state after so many commands.
  public var snapshotEvery = 500_000
  /// How many commands the journal keeps behind the oldest snapshot; 0: all of them. What is
  /// forgotten can be neither verified nor replayed, and must be older than any idempotency key.
  public var journalKeep = 0
  public var logLevel = Log.Level.info

  public init() {}

  /// Everything that is wrong, not only the first of it: a deployment is corrected in one go.
  public struct Problems: Error, Hashable, CustomStringConvertible {
    public var list: [String]
    public var description: String { list.joined(separator: "\n") }
  }

  /// What these variables say, and no file.
  public init(environment: [String: String]) throws(Problems) {
    self = try Configuration.environmentAlone(environment).settings
  }

  /// Sets what was worked out by a program; the text must be right.
  public mutating func set(_ name: String, to text: String) {
    guard let setting = Settings.setting(named: name), setting.read(text, "", &self) else {
      preconditionFailure("\(name) cannot be \(text)")
    }
  }
}
