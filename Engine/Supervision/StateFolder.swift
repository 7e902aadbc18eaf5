import CShared
import Glibc
import Settings

/// Where everything of one exchange lies on disk, and the name that follows from it.
public struct StateFolder: Sendable {
  public let path: String

  /// Makes the folder when it is missing.
  public init(creating path: String) throws(SystemError) {
    try Files.makeFolder(path)
    guard let absolute = Files.resolved(path) else { throw .ofLast("realpath", path) }
    self.path = absolute
  }

  /// Nil when there is no such folder.
  public init?(existing path: String) {
    guard let absolute = Files.resolved(path) else { return nil }
    self.path = absolute
  }

  public var pidFile: String { "\(path)/supervisor.pid" }
  public var logs: String { "\(path)/log" }
  /// The data of a shard's database. Shard 0 has what an exchange without shards has.
  public func postgres(ofShard shard: Int) -> String {
    "\(path)/postgres\(StateFolder.suffix(shard))"
  }
  public var redis: String { "\(path)/redis" }
  public var nginx: String { "\(path)/nginx" }
  public var secretFile: String { "\(path)/secret" }
  public var adminKeyFile: String { "\(path)/admin-key" }
  public var statusFile: String { "\(path)/processes" }

  /// Sockets. A path of a socket has at most 107 bytes, so a deep checkout gets a short one.
  public var run: String {
    let near = "\(path)/run"
    let longest = "\(near)/postgres-63/.s.PGSQL.5432"
    return longest.utf8.count <= Address.longestPath ? near : "/tmp/outcry-\(digest)"
  }
  public func postgresSocketFolder(ofShard shard: Int) -> String {
    "\(run)/postgres\(StateFolder.suffix(shard))"
  }
  public var redisSocket: String { "\(run)/redis.sock" }
  public func workersSocket(ofShard shard: Int) -> String {
    "\(run)/workers\(StateFolder.suffix(shard)).sock"
  }
  /// Closed to everybody else: nginx opens its sockets to all.
  public var nginxSocketFolder: String { "\(run)/nginx" }
  public var publishSocket: String { "\(nginxSocketFolder)/publish.sock" }

  /// Two checkouts on one machine must not share segments.
  public var instance: String { "outcry-\(digest)" }

  private var digest: String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a
    for byte in path.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let digits = String(hash >> 24, radix: 16)
    return String(repeating: "0", count: 10 - digits.count) + digits
  }

  static func suffix(_ shard: Int) -> String { shard == 0 ? "" : "-\(shard)" }

  /// How many shards run here, as `up --shards` was told once.
  public var shardCount: Int {
    let text = Files.text(shardsFile) ?? ""
    return Int(text.prefix { $0.isNumber }) ?? 1
  }

  /// How many have an address and may be added while the exchange runs. One alone is told of none.
  var shardPlaces: Int { shardCount > 1 ? max(8, shardCount) : 1 }

  public func rememberShards(_ count: Int) throws(SystemError) {
    try Files.replace(shardsFile, with: "\(count)\n")
  }

  private var shardsFile: String { "\(path)/shards" }

  /// What a killed program leaves of its sockets, and the folder when it is one in /tmp.
  public func removeSockets() {
    let databases = (0..<shardCount).map(postgresSocketFolder(ofShard:))
    for folder in databases + [nginxSocketFolder, run] {
      for name in Files.names(in: folder) { unlink("\(folder)/\(name)") }
      rmdir(folder)
    }
  }

  public func makeFolders() throws(SystemError) {
    for folder in [logs, redis, nginx] { try Files.makeFolder(folder) }
    // In /tmp the name could have been taken by somebody else, who could then read our sockets.
    try Files.makeFolder(run, mode: 0o711)
    try Files.makeFolder(nginxSocketFolder, mode: 0o700)
    var status = stat()
    guard lstat(run, &status) == 0 else { throw .ofLast("lstat", run) }
    guard status.st_uid == geteuid(), status.st_mode & S_IFMT == S_IFDIR else {
      throw SystemError(call: "use", code: EEXIST, subject: run)
    }
  }
}
