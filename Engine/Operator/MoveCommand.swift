import Glibc
import Relocation
import Settings
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
    try move(name, to: target, settings)
  }

  /// `symbols rebalance`: one after the other to where they would go if they were new.
  static func rebalance(_ symbols: [Symbol], _ settings: Settings) throws {
    let misplaced = symbols.filter { $0.shard != settings.placement(of: $0.name) }
    for symbol in misplaced {
      try move(symbol.name, to: Int(settings.placement(of: symbol.name)), settings)
    }
    print("\(misplaced.count) of \(symbols.count) symbols moved")
  }

  private static func move(_ name: String, to target: Int, _ settings: Settings) throws {
    let move = try Move(
      name, to: target, accounts: settings.accounts,
      databases: { shard in
        guard let database = settings.database(ofShard: shard) else {
          throw Failure("set shard_databases to say where shard \(shard)'s database is")
        }
        return database
      },
      note: { text in
        print("\(name): \(text)")
        fflush(nil)
      })
    try move.run()
    let waited = move.pauseSeconds.map { ", requests waited for \(($0 * 100).rounded() / 100) s" }
    print("\(name): at shard \(target)\(waited ?? "")")
  }
}
