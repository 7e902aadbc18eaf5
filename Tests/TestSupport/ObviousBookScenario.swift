import Wire

/// A table of commands with what a trader expects of each, played to both books:
///
///     #1 7 buy 5 @ 100            => #1 rests 5 [bid 100: 5]
///     #2 8 sell 5 @ 100 ioc       => #2 trades 5 @ 100 with #1 [bid 100: 0]
///
/// An order is `#id account side quantity`, then of `@ price`, `stop price`, `market`,
/// `for quote`, `ioc`, `fok`, `until time`, `show quantity`, `post` and a self-trade prevention.
/// A line's number is its sequence and time; a line without `=>` goes on with the one before.
public struct ObviousBookScenario {
  public var rules = Rules()
  public var mostOrders = 100
  public var mostRefills = 1_000

  public init() {}

  /// The lines that did not go as expected, or on which the two books differ.
  public func play(_ table: String) throws -> [String] {
    var faults: [String] = []
    var duel = try ObviousBookDuel(
      rules: rules, mostOrders: mostOrders, mostRefills: mostRefills)
    for (index, line) in Self.lines(of: table).enumerated() {
      let halves = line.split(separator: "=>", maxSplits: 1)
      precondition(halves.count == 2, "no => in: \(line)")
      var command = try Self.read(String(halves[0]))
      command.sequence = UInt64(index + 1)
      if command.time == 0 { command.time = Int64(index + 1) }
      let outcome = duel.apply(command)
      let told = ObviousBookTable.outcome(outcome.refusal, outcome.events)
      let expected = halves[1].split(separator: " ").joined(separator: " ")
      if told != expected { faults.append("\(line)\n  but: \(told)") }
      if let difference = outcome.difference { faults.append("\(line)\n  \(difference)") }
    }
    return faults
  }

  private static func lines(of table: String) -> [String] {
    table.split(separator: "\n").reduce(into: []) { lines, line in
      if line.contains("=>") { lines.append(String(line)) } else { lines[lines.count - 1] += line }
    }
  }

  struct Unreadable: Error { let text: String }

  private static func read(_ text: String) throws -> Command {
    var words = text.split(separator: " ").map(String.init)[...]
    func number(_ word: String?) throws -> Int64 {
      guard let value = word.flatMap({ Int64($0.drop { $0 == "#" }) }) else {
        throw Unreadable(text: text)
      }
      return value
    }
    let first = words.popFirst() ?? ""
    switch first {
    case "halt", "resume", "cancelOnly", "cancelSymbol", "epoch":
      let kinds: [String: CommandKind] = [
        "halt": .halt, "resume": .resume, "cancelOnly": .cancelOnly,
        "cancelSymbol": .cancelSymbol, "epoch": .epoch,
      ]
      return Command(kinds[first]!)
    case "expire":
      var command = Command(.expire)
      command.time = try number(words.last)
      return command
    case "reference":
      var command = Command(.setReference)
      command.terms.price = try number(words.last)
      return command
    case "cancel" where words.first == "all":
      return Command(.cancelAccount, account: UInt64(try number(words.last)))
    case "cancel", "amend":
      var command = Command(first == "cancel" ? .cancel : .amend)
      command.order_id = UInt64(try number(words.popFirst()))
      guard words.popFirst() == "by" else { throw Unreadable(text: text) }
      command.account = UInt64(try number(words.popFirst()))
      try readTerms(&words, of: &command, number)
      return command
    default:
      var command = Command(.place)
      command.order_id = UInt64(try number(first))
      command.account = UInt64(try number(words.popFirst()))
      command.side = (words.popFirst() == "buy" ? Side.buy : Side.sell).rawValue
      command.time_in_force = TimeInForce.goodTillCancelled.rawValue
      command.self_trade_prevention = SelfTradePrevention.none.rawValue
      try readTerms(&words, of: &command, number)
      command.type = type(of: command.terms).rawValue
      return command
    }
  }

  private static func type(of terms: Terms) -> OrderType {
    if terms.stop_price != 0 { return terms.price != 0 ? .stopLimit : .stop }
    return terms.price != 0 ? .limit : .market
  }

  private static func readTerms(
    _ words: inout ArraySlice<String>, of command: inout Command,
    _ number: (String?) throws -> Int64
  ) throws {
    while let word = words.popFirst() {
      switch word {
      case "@": command.terms.price = try number(words.popFirst())
      case "stop": command.terms.stop_price = try number(words.popFirst())
      case "for": command.terms.quote_quantity = try number(words.popFirst())
      case "show": command.terms.display_quantity = try number(words.popFirst())
      case "until":
        command.terms.expires_at = try number(words.popFirst())
        command.time_in_force = TimeInForce.goodTillDate.rawValue
      case "market": break
      case "ioc": command.time_in_force = TimeInForce.immediateOrCancel.rawValue
      case "fok": command.time_in_force = TimeInForce.fillOrKill.rawValue
      case "post": command.flags = OrderFlags.postOnly.rawValue
      case "cancelTaker": command.self_trade_prevention = SelfTradePrevention.cancelTaker.rawValue
      case "cancelMaker": command.self_trade_prevention = SelfTradePrevention.cancelMaker.rawValue
      case "cancelBoth": command.self_trade_prevention = SelfTradePrevention.cancelBoth.rawValue
      default: command.terms.quantity = try number(word)
      }
    }
  }
}
