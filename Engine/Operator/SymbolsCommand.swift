import Postgres
import Settings
import Store
import Supervision
import Wire

extension Commands {
  static let symbols = Command(
    name: "symbols", summary: "list the symbols, add, move or rebalance them while running",
    help: """
      usage: outcry symbols list [--state FOLDER]
             outcry symbols add NAME [--base B] [--quote Q] [--tick T] [--lot L] [--state FOLDER]
             outcry symbols move NAME --to SHARD [--state FOLDER]
             outcry symbols rebalance [--shards N] [--wait SECONDS] [--json] [--state FOLDER]
             outcry symbols follow PROGRAM [--state FOLDER]

      A symbol that is added trades a second later. NAME is BASE-QUOTE, such as SOL-USD, or one
      word, such as AAPL, which is quoted in USD.

        --tick T   smallest step of a price (0.01)
        --lot L    smallest step of a quantity (0.00001 for BASE-QUOTE, 1 for one word)

      An order may ask for 1 to 900,000,000 lots, at up to 1,000,000,000 ticks.

      A symbol that is moved goes on trading; its requests wait for about a second at the end. The
      journal and all that was made from it go to the other shard's database. Interrupted at any
      moment, the same command goes on; with the shard it comes from, the symbol stays there.
      `rebalance` moves all that OUTCRY_PLACEMENT would put somewhere else if they were new, one
      after the other.

        --shards N      from now on the first N shards take symbols, and no other: after one was
                        added, or before one is given up. One that is added has to be ready
        --wait SECONDS  how long to wait for that (60)
        --json          tells what it does as a log's lines

      `follow` does that by itself, until it is stopped: PROGRAM is run every second and prints how
      many shards there are to be; when all symbols are at the first N, it is run with the words
      `settled N`. With 0, when everything is being stopped, nothing is moved.
      """
  ) { arguments in
    let place = try Place(&arguments)
    switch arguments.operand() {
    case "list":
      try arguments.end()
      try list(try connection(place))
    case "add":
      var symbol = try newSymbol(&arguments)
      try arguments.end()
      let settings = try place.settings(in: try place.existing())
      let connection = try connection(place)
      let shards = try Rebalance(settings: settings, connection: connection).used()
      symbol.shard = settings.placement(of: symbol.name, among: shards)
      let stored = try Symbols.add(symbol, connection)
      print("added \(stored.symbol.name) with id \(stored.symbol.id); it trades in a second")
    case "move":
      try move(place, &arguments)
    case "rebalance": try rebalance(place, &arguments)
    case "follow": try follow(place, &arguments)
    default:
      throw Usage("say what to do: list, add, move, rebalance or follow", for: "symbols")
    }
  }

  static func connection(_ place: Place) throws -> Connection {
    let settings = try place.settings(in: try place.existing())
    do {
      let connection = try Connection(settings.accounts, name: "outcry-operator")
      try Schema.migrate(connection, placing: settings.placement(of:))
      return connection
    } catch {
      throw Failure("the database does not answer (is the exchange up?): \(error)")
    }
  }

  private static func list(_ connection: Connection) throws {
    var table = Table(["ID", "SYMBOL", "BASE", "QUOTE", "TICK", "LOT", "SHARD", "STATE"])
    for stored in try Symbols.list(connection) {
      let symbol = stored.symbol
      table.add([
        "\(symbol.id)", symbol.name, symbol.base, symbol.quote, symbol.tick.text(1),
        symbol.lot.text(1), "\(symbol.shard)",
        MarketState(rawValue: stored.state).map { "\($0)" } ?? "\(stored.state)",
      ])
    }
    print(table.text)
  }

  private static func newSymbol(_ arguments: inout Arguments) throws -> Symbol {
    let base = try arguments.option("--base")
    let quote = try arguments.option("--quote")
    let tick = try step(&arguments, "--tick")
    let lot = try step(&arguments, "--lot")
    guard let name = arguments.operand() else {
      throw Usage("a symbol needs a name: outcry symbols add SOL-USD", for: "symbols")
    }
    let halves = name.split(separator: "-").map(String.init)
    let isPair = halves.count == 2
    // The limits of the symbols a fresh exchange has, in ticks and lots.
    var rules = Rules()
    rules.min_quantity = 1
    rules.max_quantity = 900_000_000
    rules.max_price = 1_000_000_000
    return Symbol(
      id: 0, name: name, base: base ?? (isPair ? halves[0] : name),
      quote: quote ?? (isPair ? halves[1] : "USD"),
      tick: tick ?? Scale(digits: 2, units: 1),
      lot: lot ?? (isPair ? Scale(digits: 5, units: 1) : Scale(digits: 0, units: 1)),
      rules: rules)
  }

  /// A step such as 0.01, read digit by digit.
  private static func step(_ arguments: inout Arguments, _ name: String) throws -> Scale? {
    guard let text = try arguments.option(name) else { return nil }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    let fraction = parts.count == 2 ? parts[1] : ""
    let digits = parts.joined()
    guard parts.count <= 2, fraction.utf8.count <= 18,
      digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let units = Int64(digits), units > 0
    else { throw Usage("\(name) needs a positive decimal, such as 0.01", for: "symbols") }
    return Scale(digits: UInt8(fraction.utf8.count), units: units)
  }
}
