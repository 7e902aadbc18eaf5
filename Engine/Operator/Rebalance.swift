import Glibc
import Postgres
import Relocation
import Settings
import Store
import Supervision
import Wire

/// Brings symbols to where they would go if they were new, one after the other, while they trade.
///
/// What is left to do is looked up anew each time: so it may be killed at any moment, be begun
/// twice, and hear of another number of shards on its way.
struct Rebalance {
  let settings: Settings
  /// To the database of the symbols.
  let connection: Connection

  struct Misplaced {
    let symbol: Symbol
    let home: Int
  }

  /// How many shards take symbols.
  func used() throws -> Int {
    min(try ShardCount.find(connection) ?? settings.usedShards, settings.shardCount)
  }

  /// From now on so many shards take symbols. Those that are added must be ready by then.
  func use(_ wanted: Int, waiting seconds: Int) throws {
    guard wanted <= settings.shardCount else {
      throw Failure(
        "shards names \(settings.shardCount) addresses: there cannot be \(wanted) shards")
    }
    let used = try used()
    for shard in used..<max(used, wanted) {
      guard waitUntil(seconds: seconds, { isReady(shard) }) else {
        throw Failure("shard \(shard) is not ready; nothing has changed")
      }
    }
    try ShardCount.store(wanted, connection)
  }

  /// Whether database, Redis and engines of a shard are there, as its workers say.
  func isReady(_ shard: Int) -> Bool {
    settings.shards.pools.indices.contains(shard)
      && settings.shards.pools[shard].contains { address in
        if case .answered(200, _) = FastCGICall.get("/ready", at: address, seconds: 2) {
          return true
        }
        return false
      }
  }

  /// Those that are elsewhere, and those that somebody left on their way.
  func misplaced() throws -> [Misplaced] {
    let count = try used()
    let onTheirWay = try Moves.symbols(connection)
    return try Symbols.list(connection).map(\.symbol).compactMap { symbol in
      let home = settings.placement(of: symbol.name, among: count)
      guard symbol.shard != home || onTheirWay.contains(symbol.id) else { return nil }
      return Misplaced(symbol: symbol, home: Int(home))
    }
  }

  /// Returns how many were moved, and why others were not: one that cannot leave keeps no other.
  func run(_ note: @escaping (String) -> Void) throws -> (moved: Int, failures: [String]) {
    var tried: Set<UInt32> = []
    var failures: [String] = []
    while let next = try misplaced().first(where: { !tried.contains($0.symbol.id) }) {
      tried.insert(next.symbol.id)
      do {
        try Commands.move(next.symbol.name, to: next.home, settings, note)
      } catch {
        failures.append("\(next.symbol.name): \(error)")
      }
    }
    return (tried.count - failures.count, failures)
  }
}

extension Commands {
  /// At once, also to a pipe.
  static func say(_ text: String) {
    print(text)
    fflush(nil)
  }

  /// `symbols rebalance`.
  static func rebalance(_ place: Place, _ arguments: inout Arguments) throws {
    let count = try arguments.number("--shards", 1...UInt64(ShardAddresses.most))
    let seconds = try arguments.number("--wait", 0...86_400) ?? 60
    let speaksJSON = arguments.flag("--json")
    try arguments.end()
    let settings = try place.settings(in: try place.existing())
    let rebalance = Rebalance(settings: settings, connection: try connection(place))
    let log = Log(role: "rebalance", level: settings.logLevel)
    let note: (String) -> Void = { speaksJSON ? log.info($0) : say($0) }
    if let count { try rebalance.use(Int(count), waiting: Int(seconds)) }
    let (moved, failures) = try rebalance.run(note)
    let all = try Symbols.list(rebalance.connection).count
    note("\(moved) of \(all) symbols moved")
    if failures.isEmpty { return }
    throw Failure("not where they belong:\n" + failures.joined(separator: "\n"))
  }
}
