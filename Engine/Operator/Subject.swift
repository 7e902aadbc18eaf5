import Postgres
import Replay
import Settings
import SharedMemory
import Store
import Supervision
import Wire

/// The database an audit reads, and the symbols it is about. Unlike commands that change things,
/// it leaves the schema as it finds it.
struct Subject {
  let settings: Settings
  let symbols: [Symbol]
  private let place: Place

  /// All symbols without a name.
  init(_ place: Place, _ name: String?) throws {
    self.place = place
    settings = try place.settings(in: try place.existing())
    let connection: Connection
    do { connection = try Connection(settings.accounts, name: "outcry-operator") } catch {
      throw Failure("the database does not answer (is the exchange up?): \(error)")
    }
    let all = try Symbols.list(connection).map(\.symbol)
    symbols = name.map { name in all.filter { $0.name == name } } ?? all
    if let name, symbols.isEmpty {
      throw Failure("there is no symbol \(name); `outcry symbols list` shows them")
    }
  }

  /// The database of a symbol's shard.
  func database(of symbol: Symbol) throws -> String {
    guard settings.isSharded else { return settings.database }
    guard let found = settings.database(ofShard: Int(symbol.shard)) else {
      throw Failure(
        "\(symbol.name) is at shard \(symbol.shard); set shard_databases to say where that is")
    }
    return found
  }

  /// The shared memory of its shard, if that is on this machine.
  func instance(of symbol: Symbol) throws -> Instance? {
    guard settings.isSharded else { return try Instance(name: settings.instance) }
    let folder = try place.existing()
    if folder.shardCount > 1 {
      return try Instance(
        name: Stack.instance(settings.instance, ofShard: Int(symbol.shard)))
    }
    return settings.owns(shard: symbol.shard) ? try Instance(name: settings.instance) : nil
  }
}

extension Arguments {
  /// What is left when a command has taken its own options: one symbol of an exchange.
  mutating func subject() throws -> (symbol: Symbol, database: String) {
    let place = try Place(&self)
    guard let name = operand() else { throw Usage("which symbol?", for: command) }
    try end()
    let subject = try Subject(place, name)
    return (subject.symbols[0], try subject.database(of: subject.symbols[0]))
  }

  /// The same, with what is known of its past.
  mutating func past() throws -> (symbol: Symbol, history: History, end: UInt64) {
    let (symbol, database) = try subject()
    let history = try History(symbol, database: database)
    return (symbol, history, try history.end())
  }

  /// A whole number after an option.
  mutating func number(_ name: String, _ range: ClosedRange<UInt64>) throws(Usage) -> UInt64? {
    guard let text = try option(name) else { return nil }
    guard let number = UInt64(text), range.contains(number) else {
      throw Usage(
        "\(name) needs a number from \(range.lowerBound) to \(range.upperBound)", for: command)
    }
    return number
  }

  /// Sequences have 40 bits in order ids.
  static let sequences: ClosedRange<UInt64> = 1...(1 << OrderID.sequenceBits - 1)
}

extension BinaryInteger {
  /// With a comma at every third digit.
  var grouped: String {
    let digits = Array(String(self))
    return digits.indices.reduce(into: "") { text, index in
      let isThird = (digits.count - index) % 3 == 0
      if index > 0, isThird { text.append(",") }
      text.append(digits[index])
    }
  }
}
