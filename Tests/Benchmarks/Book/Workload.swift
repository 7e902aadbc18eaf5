import OrderBook
import TestSupport
import Wire

/// A seeded list of commands over one symbol, made by running them through a book, so that cancels
/// and amends name open orders and passive orders do not cross.
struct Workload {
  let name: String
  /// Brings the book to its usual size; not measured.
  var setup: [Command] = []
  var commands: [Command] = []
  var mix = Mix()

  struct Mix {
    var new = 0
    var aggressive = 0
    var cancel = 0
    var amend = 0
    var live = 0
    var levels = 0
    var events = 0
  }

  struct Shape: Sendable {
    var name: String
    var live = 40_000
    /// With so many live orders a new one makes way for a cancel.
    var most: Int?
    /// Levels a side that passive orders are spread over.
    var width: Int64 = 200
    var isHump = true
    /// The middle price at each point of the way from 0 to 1, or a random walk.
    var path: (@Sendable (Double) -> Double)?
  }

  static let middle: Int64 = 60_000

  /// The five of the README, in its order.
  static let standard: [Shape] = [
    Shape(name: "static middle", path: { _ in 1 }),
    Shape(name: "random walk"),
    Shape(name: "swings of 25 %", path: { 1 + 0.25 * triangle($0) }),
    Shape(name: "swings of 40 %", path: { 1 + 0.40 * triangle($0) }),
    Shape(
      name: "flash crash of 10 %",
      path: { $0 < 0.45 || $0 > 0.55 ? 1 : 1 - 0.10 * (1 - abs($0 - 0.5) / 0.05) }),
  ]

  /// A million from the first command to the last: it has the mix of the small book beside it,
  /// which is at its bound as well.
  static let wide = Shape(
    name: "1M orders on 50,000 levels a side", live: 1_000_000, most: 1_000_000, width: 50_000,
    isHump: false,
    path: { _ in 1 })

  /// 0 → 1 → 0 → -1 → 0 over one unit.
  private static func triangle(_ place: Double) -> Double {
    let turn = place - place.rounded(.down)
    return turn < 0.25 ? turn * 4 : turn < 0.75 ? 2 - turn * 4 : turn * 4 - 4
  }

  init(_ shape: Shape, commands count: Int, seed: UInt64) throws {
    name = shape.name
    var maker = try WorkloadMaker(shape, seed: seed)
    while maker.live.count < shape.live { setup.append(maker.passive()) }
    maker.mix = Mix()
    commands.reserveCapacity(count)
    for step in 0..<count { commands.append(maker.next(Double(step) / Double(count))) }
    mix = maker.mix
    mix.live = maker.live.count
    mix.levels = maker.book.levelCount(.buy) + maker.book.levelCount(.sell)
  }
}

/// Runs what it makes, to know what is open.
struct WorkloadMaker: ~Copyable {
  let shape: Workload.Shape
  var book: OrderBook
  var live: [UInt64] = []
  var mix = Workload.Mix()
  private var events: EventBuffer
  private var places: [Int32] = [-1]
  private var owners: [UInt64] = [0]
  private var random: SplitMix
  private var sequence: UInt64 = 0
  private var middle = Workload.middle

  init(_ shape: Workload.Shape, seed: UInt64) throws {
    self.shape = shape
    random = SplitMix(seed: seed)
    let book = try OrderBook()
    events = try EventBuffer(capacity: book.mostEventsPerCommand)
    self.book = book
  }

  mutating func next(_ progress: Double) -> Command {
    if let path = shape.path {
      middle = Int64(Double(Workload.middle) * path(progress))
    } else if random.oneIn(8) {
      middle += random.oneIn(2) ? 1 : -1
    }
    let isStale =
      (book.best(.buy)?.price ?? 0) >= middle + 2
      || (book.best(.sell)?.price ?? .max) <= middle - 2
    switch Int.random(in: 0..<1_000, using: &random) {
    case 0..<550:
      if random.oneIn(isStale ? 20 : 60) { return aggressive(isStale) }
      return live.count > shape.most ?? shape.live * 5 / 4 ? cancel() : passive()
    case 550..<950: return live.count < shape.live * 3 / 4 ? passive() : cancel()
    default: return amend()
    }
  }

  mutating func passive() -> Command {
    let side: Side = random.oneIn(2) ? .buy : .sell
    return run(order(side, price(side), .random(in: 1...100, using: &random)))
  }

  private mutating func order(_ side: Side, _ price: Int64, _ quantity: Int64) -> Command {
    var command = Command(.place, account: .random(in: 1...1_000, using: &random))
    command.side = side.rawValue
    command.type = OrderType.limit.rawValue
    command.time_in_force = TimeInForce.goodTillCancelled.rawValue
    command.self_trade_prevention = SelfTradePrevention.none.rawValue
    command.order_id = sequence + 1
    command.terms.price = price
    command.terms.quantity = quantity
    return command
  }

  /// Around the middle, on its own side, and short of the other side's best price.
  private mutating func price(_ side: Side) -> Int64 {
    let half = shape.width / 2
    let distance =
      shape.isHump
      ? 1 + .random(in: 0..<half, using: &random) + .random(in: 0..<half, using: &random)
      : .random(in: 1...shape.width, using: &random)
    if side == .buy { return max(1, min(middle - distance, (book.best(.sell)?.price ?? .max) - 1)) }
    return max(middle + distance, (book.best(.buy)?.price ?? 0) + 1)
  }

  /// Takes a few orders; or, where the middle has moved on, all that stand beyond it.
  private mutating func aggressive(_ isStale: Bool) -> Command {
    mix.aggressive += 1
    let isBehind = (book.best(.sell)?.price ?? .max) <= middle - 2
    let side: Side = isStale ? (isBehind ? .buy : .sell) : (random.oneIn(2) ? .buy : .sell)
    let quantity: Int64 = isStale ? 1 << 40 : .random(in: 1...400, using: &random)
    let reach = isStale ? 0 : shape.width / 10
    var command = order(side, side == .buy ? middle + reach : middle - reach, quantity)
    command.time_in_force = TimeInForce.immediateOrCancel.rawValue
    return run(command)
  }

  private mutating func cancel() -> Command {
    let id = live.randomElement(using: &random)!
    var command = Command(.cancel, account: owners[Int(id)])
    command.order_id = id
    return run(command)
  }

  private mutating func amend() -> Command {
    let id = live.randomElement(using: &random)!
    let order = book.order(id)!
    var command = Command(.amend, account: order.account)
    command.order_id = id
    if random.oneIn(2) {
      command.terms.price = price(order.side)
    } else {
      command.terms.quantity = order.filled + max(1, order.remaining / 2)
    }
    return run(command)
  }

  private mutating func run(_ unnumbered: Command) -> Command {
    var command = unnumbered
    sequence += 1
    command.sequence = sequence
    command.time = Int64(sequence)
    places.append(-1)
    owners.append(command.account)
    switch CommandKind(rawValue: command.kind) {
    case .place: mix.new += 1
    case .cancel: mix.cancel += 1
    default: mix.amend += 1
    }
    events.removeAll()
    _ = book.apply(command, into: &events)
    mix.events += events.count
    for index in 0..<events.count { follow(events[index]) }
    return command
  }

  private mutating func follow(_ event: Event) {
    switch EventKind(rawValue: event.kind) {
    case .rested where places[Int(event.order_id)] < 0:
      places[Int(event.order_id)] = Int32(live.count)
      live.append(event.order_id)
    case .trade:
      if event.maker_remaining == 0 { forget(event.maker_order_id) }
      if event.remaining == 0 { forget(event.order_id) }
    case .cancelled: forget(event.order_id)
    default: break
    }
  }

  private mutating func forget(_ id: UInt64) {
    let place = Int(places[Int(id)])
    guard place >= 0 else { return }
    let last = live.removeLast()
    if last != id {
      live[place] = last
      places[Int(last)] = Int32(place)
    }
    places[Int(id)] = -1
  }
}
