import Glibc
import Relocation
import Settings
import Store
import Wire

extension Commands {
  /// `symbols move`.
  static func move(_ place: Place, _ arguments: inout Arguments) throws {
    let last = UInt64(ShardAddresses.most - 1)
    guard let target = try arguments.number("--to", 0...last).map({ Int($0) }) else {
      throw Usage("--to SHARD says where to", for: "symbols")
    }
    guard let name = arguments.operand() else {
      throw Usage("which symbol? outcry symbols move BTC-USD --to 1", for: "symbols")
    }
    try arguments.end()
    let settings = try place.settings(in: try place.existing())
    guard target < settings.shardCount else {
      throw Failure("there is no shard \(target); the last one is \(settings.shardCount - 1)")
    }
    try move(name, to: target, settings, say)
  }

  static func move(
    _ name: String, to target: Int, _ settings: Settings, _ note: @escaping (String) -> Void
  ) throws {
    let move = try Move(
      name, to: target, accounts: settings.accounts,
      databases: { shard in
        guard let database = settings.database(ofShard: shard) else {
          throw Failure("set shard_databases to say where shard \(shard)'s database is")
        }
        return database
      },
      isThere: { settings.isServed(shard: $0) },
      note: { note("\(name): \($0)") })
    try move.run()
    let waited = move.pauseSeconds.map { ", requests waited for \(($0 * 100).rounded() / 100) s" }
    note("\(name): at shard \(target)\(waited ?? "")")
  }
}

extension Settings {
  /// Whether a worker of that shard answers. More shards may have an address than there are.
  fileprivate func isServed(shard: Int) -> Bool {
    guard isSharded else { return true }
    return shards.pools[shard].contains { address in
      if case .answered = FastCGICall.get("/health", at: address, seconds: 2) { return true }
      return false
    }
  }
}
