import Wire

/// A small generator whose whole state is its seed.
public struct SplitMix: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }

  /// True once in so many times.
  public mutating func oneIn(_ times: Int) -> Bool { Int.random(in: 0..<times, using: &self) == 0 }
}

/// One seeded stretch of commands of all kinds, made to meet each other: few accounts, prices
/// around a drifting middle, ids mostly of orders that are open.
public struct RandomCommands {
  public let rules: Rules
  public let mostOrders: Int
  public let mostRefills: Int
  private var random: SplitMix
  private var sequence: UInt64 = 0
  private var time: Int64 = 1_000
  private var middle: Int64
  private let spread: Int64
  private let accounts: UInt64
  private let wildness: Int

  public init(seed: UInt64) {
    var random = SplitMix(seed: seed)
    accounts = .random(in: 2...6, using: &random)
    spread = [3, 10, 100, 5_000, 1 << 20].randomElement(using: &random)!
    middle = [spread + 2, 1_000, 70_000, 7_000_000, 1 << 40].randomElement(using: &random)!
    middle = max(middle, spread + 2)
    mostOrders = [6, 40, 150, 150].randomElement(using: &random)!
    mostRefills = [1, 4, 1_000, 1_000].randomElement(using: &random)!
    wildness = [20, 200, 2_000].randomElement(using: &random)!
    rules = random.oneIn(2) ? Rules() : RandomCommands.rules(around: middle, &random)
    self.random = random
  }

  private static func rules(around middle: Int64, _ random: inout SplitMix) -> Rules {
    var rules = Rules()
    if random.oneIn(3) { rules.min_quantity = 3 }
    if random.oneIn(3) { rules.max_quantity = 60 }
    if random.oneIn(4) { rules.min_notional = middle * 2 }
    if random.oneIn(4) { rules.max_notional = middle &* 55 }
    if random.oneIn(4) { rules.max_price = middle + middle / 2 }
    if random.oneIn(3) { rules.price_band_bps = [50, 500, 5_000].randomElement(using: &random)! }
    if random.oneIn(2) { rules.slippage_bps = [1, 20, 500, 20_000].randomElement(using: &random)! }
    if random.oneIn(3) { rules.max_open_orders = .random(in: 1...20, using: &random) }
    return rules
  }

  /// The next command, for a book with these orders open.
  public mutating func next(_ open: [ObviousBook.Order]) -> Command {
    sequence += 1
    time += .random(in: 0...3, using: &random)
    var command = pick(open)
    command.sequence = sequence
    command.time = time
    if command.kind == CommandKind.place.rawValue { command.order_id = sequence }
    return command
  }

  private mutating func pick(_ open: [ObviousBook.Order]) -> Command {
    middle = max(spread + 2, middle + .random(in: -1...1, using: &random) * max(1, spread / 20))
    switch Int.random(in: 0..<1_000, using: &random) {
    case 0..<650: return place()
    case 650..<780: return about(open, .cancel)
    case 780..<920: return amend(open)
    case 920..<940: return Command(.expire)
    case 940..<943: return Command(.cancelAccount, account: account())
    case 943: return random.oneIn(3) ? Command(.cancelSymbol) : Command(.expire)
    case 944..<947: return Command([.halt, .cancelOnly].randomElement(using: &random)!)
    case 947..<990: return Command(.resume)
    case 990..<992: return configure()
    case 992..<997:
      var command = Command(.setReference)
      command.terms.price = random.oneIn(20) ? 0 : price()
      if random.oneIn(20) { command.terms.price = .max }
      return command
    default: return oddity()
    }
  }

  private mutating func account() -> UInt64 { .random(in: 1...accounts, using: &random) }

  private mutating func price() -> Int64 {
    max(1, middle + .random(in: -spread...spread, using: &random))
  }

  /// Two of three orders would rather wait than trade.
  private mutating func price(_ side: UInt8) -> Int64 {
    guard !random.oneIn(3) else { return price() }
    let distance = Int64.random(in: 0...spread, using: &random)
    return max(1, side == Side.buy.rawValue ? middle - distance : middle + distance + 1)
  }

  private mutating func quantity() -> Int64 {
    if random.oneIn(wildness) {
      return [1, 1_000, Int64.max, .max / 2, .max / middle, .max / middle / 2, .max / middle + 1]
        .randomElement(using: &random)!
    }
    return .random(in: 1...(random.oneIn(6) ? 60 : 12), using: &random)
  }

  private mutating func place() -> Command {
    var command = Command(.place, account: account())
    command.side = .random(in: 1...2, using: &random)
    command.type = [1, 1, 1, 1, 1, 1, 1, 2, 3, 4].randomElement(using: &random)!
    command.time_in_force = [1, 1, 1, 1, 1, 1, 2, 3, 4].randomElement(using: &random)!
    command.self_trade_prevention = .random(in: 1...4, using: &random)
    command.terms.quantity = quantity()
    if [1, 4].contains(command.type) { command.terms.price = price(command.side) }
    if command.type >= 3 { command.terms.stop_price = price() }
    if command.type == 2 && random.oneIn(2) {
      command.terms.quote_quantity = random.oneIn(8) ? middle / 2 : middle &* quantity()
      if command.terms.quote_quantity <= 0 { command.terms.quote_quantity = 1 }
      command.terms.quantity = 0
    }
    if command.type == 2 && command.time_in_force == 4 { command.time_in_force = 1 }
    if command.type == 2 && command.terms.quantity == 0 { command.time_in_force = 1 }
    if command.time_in_force == 4 {
      command.terms.expires_at = time + .random(in: 0...300, using: &random)
    }
    let mayRest = command.terms.price > 0 && [1, 4].contains(command.time_in_force)
    if mayRest && random.oneIn(4) {
      let slices = Int64.random(in: 1...9, using: &random)
      command.terms.display_quantity = max(1, command.terms.quantity / slices)
      if random.oneIn(30) { command.terms.display_quantity = command.terms.quantity &+ 1 }
    }
    if mayRest && command.type == 1 && random.oneIn(6) { command.flags = 1 }
    if random.oneIn(wildness * 2) { spoil(&command) }
    return command
  }

  private mutating func about(_ open: [ObviousBook.Order], _ kind: CommandKind) -> Command {
    var command = Command(kind, account: account())
    command.order_id = .random(in: 0...sequence, using: &random)
    if let order = open.randomElement(using: &random), !random.oneIn(15) {
      command.order_id = order.id
      command.account = order.account
    }
    return command
  }

  private mutating func amend(_ open: [ObviousBook.Order]) -> Command {
    var command = about(open, .amend)
    let order = open.first { $0.id == command.order_id }
    if !random.oneIn(3) {
      let old = order?.quantity ?? 10
      let most = old > 1_000 ? old : old + 5
      command.terms.quantity = .random(in: 1...most, using: &random)
      if random.oneIn(wildness) { command.terms.quantity = quantity() }
    }
    if random.oneIn(2) && (order?.type != .stop || random.oneIn(9)) {
      command.terms.price = price()
    }
    let isStop = order.map { $0.type == .stop || $0.type == .stopLimit } ?? false
    if isStop && random.oneIn(2) || random.oneIn(40) { command.terms.stop_price = price() }
    if random.oneIn(wildness * 2) { command.terms.display_quantity = 1 }
    return command
  }

  private mutating func configure() -> Command {
    var command = Command(.configure)
    command.rules = random.oneIn(2) ? rules : RandomCommands.rules(around: middle, &random)
    if random.oneIn(10) { command.rules.max_notional = -1 }
    return command
  }

  private mutating func oddity() -> Command {
    var command = random.oneIn(2) ? Command(.epoch) : place()
    if random.oneIn(3) { command.version = 9 }
    if random.oneIn(3) { command.kind = 99 }
    return command
  }

  /// One field out of its meaning.
  private mutating func spoil(_ command: inout Command) {
    switch Int.random(in: 0..<9, using: &random) {
    case 0: command.side = .random(in: 0...3, using: &random)
    case 1: command.type = .random(in: 0...5, using: &random)
    case 2: command.time_in_force = .random(in: 0...5, using: &random)
    case 3: command.self_trade_prevention = .random(in: 0...5, using: &random)
    case 4: command.terms.price = .random(in: -1...1, using: &random)
    case 5: command.terms.stop_price = .random(in: -1...1, using: &random)
    case 6: command.terms.quantity = .random(in: -1...1, using: &random)
    case 7: command.terms.quote_quantity = .random(in: -1...1, using: &random)
    default: command.flags = .random(in: 0...7, using: &random)
    }
  }
}
