/// Where the workers of each shard listen, by the number of the shard. Empty: there is one shard,
/// and nobody has to ask which.
public struct ShardAddresses: Hashable, Sendable, CustomStringConvertible {
  public static let most = 64

  /// One shard may have several pools of workers, each with an address of its own.
  public let pools: [[Address]]

  public init() { pools = [] }

  public init(_ pools: [[Address]]) { self.pools = pools }

  /// Shards with blanks between them, the addresses of one with commas.
  init?(_ text: String, path: (String) -> String) {
    var pools: [[Address]] = []
    for word in text.split(separator: " ") {
      var pool: [Address] = []
      for name in word.split(separator: ",", omittingEmptySubsequences: false) {
        guard var address = Address(String(name)) else { return nil }
        if case .unix(let given) = address {
          guard let absolute = Address(path(given)) else { return nil }
          address = absolute
        }
        pool.append(address)
      }
      pools.append(pool)
    }
    guard (1...ShardAddresses.most).contains(pools.count) else { return nil }
    self.pools = pools
  }

  public var count: Int { pools.count }

  public var description: String {
    pools.map { $0.map(\.description).joined(separator: ",") }.joined(separator: " ")
  }
}

/// The connection string of each shard's database.
public struct ShardDatabases: Hashable, Sendable, CustomStringConvertible {
  private static let placeholder = "{shard}"

  private let texts: [String]

  public init() { texts = [] }

  public init(_ texts: [String]) { self.texts = texts }

  /// One string in which `{shard}` stands for the number, or all of them with semicolons between.
  init?(_ text: String) {
    texts = ShardDatabases.parts(of: text)
    guard !texts.isEmpty, texts.allSatisfy({ !$0.isEmpty }) else { return nil }
  }

  public var isEmpty: Bool { texts.isEmpty }

  /// How many shards are named; nil when any could be.
  var count: Int? { isPattern ? nil : texts.count }

  /// Nil when that shard is not named.
  public func database(of shard: Int) -> String? {
    if isPattern { return texts[0].replacing(ShardDatabases.placeholder, with: "\(shard)") }
    return texts.indices.contains(shard) ? texts[shard] : nil
  }

  public var description: String { texts.joined(separator: "; ") }

  private var isPattern: Bool {
    texts.count == 1 && texts[0].contains(ShardDatabases.placeholder)
  }

  /// A semicolon inside single quotes, where a password may stand, separates nothing.
  private static func parts(of text: String) -> [String] {
    var parts = [""]
    var isQuoted = false
    for character in text {
      if character == "'" { isQuoted.toggle() }
      if character == ";", !isQuoted {
        parts.append("")
      } else {
        parts[parts.count - 1].append(character)
      }
    }
    return parts.map { part in
      var trimmed = part.drop { $0 == " " }
      while trimmed.last == " " { trimmed.removeLast() }
      return String(trimmed)
    }
  }
}

extension Settings {
  /// Whether there is more than one shard.
  public var isSharded: Bool { shards.count > 1 }

  /// How many there may be: those that have an address.
  public var shardCount: Int { max(1, shards.count) }

  /// How many of them have symbols in a new exchange. How many have them by now, the database of
  /// the symbols knows.
  public var usedShards: Int { shardsUsed == 0 ? shardCount : min(shardsUsed, shardCount) }

  /// Whether a symbol of that shard is this one's business. Without shards all are.
  public func owns(shard: UInt32) -> Bool { !isSharded || shard == UInt32(self.shard) }

  /// The database of accounts, keys and symbols: that of shard 0.
  public var accounts: String {
    if !accountsDatabase.isEmpty { return accountsDatabase }
    return shard == 0 ? database : shardDatabases.database(of: 0) ?? database
  }

  /// Whether accounts, keys and symbols lie beside this shard's journal.
  public var hasAccounts: Bool { accounts == database }

  /// The database of a shard; nil when nobody said where it is.
  public func database(ofShard number: Int) -> String? {
    if number == shard { return database }
    if let named = shardDatabases.database(of: number) { return named }
    return number == 0 && !accountsDatabase.isEmpty ? accountsDatabase : nil
  }

  /// The shard for a symbol that is new, when so many take symbols.
  public func placement(of name: String, among count: Int) -> UInt32 {
    isSharded ? UInt32(placement.shard(of: name, count: min(count, shardCount))) : 0
  }

  /// The same in a new exchange.
  public func placement(of name: String) -> UInt32 { placement(of: name, among: usedShards) }

  /// What the settings of shards have against each other.
  var contradictions: [String] {
    var problems: [String] = []
    if !shards.pools.isEmpty, shard >= shards.count {
      problems.append("shard is \(shard), but shards names only \(shards.count) of them, from 0 on")
    } else if isSharded, shard > 0, shardDatabases.isEmpty, accountsDatabase.isEmpty {
      problems.append("shard \(shard) needs shard_databases, or accounts_database: shard 0's")
    }
    if shardsUsed > shardCount {
      problems.append("shards_used is \(shardsUsed), but shards names only \(shardCount) of them")
    }
    if let count = shardDatabases.count, count > 0, !(usedShards...shardCount).contains(count) {
      problems.append("shard_databases names \(count) databases for \(shardCount) shards")
    }
    if let largest = placement.largest, largest >= shardCount {
      problems.append("placement names shard \(largest); the last one is \(shardCount - 1)")
    }
    return problems
  }
}
