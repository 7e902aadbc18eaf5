import Glibc
import OrderBook
import Wire

/// The real book and the obvious one, given the same commands.
public struct ObviousBookDuel: ~Copyable {
  public private(set) var obvious: ObviousBook
  public private(set) var real: OrderBook
  private var buffer: EventBuffer
  private var count = 0
  private let capacity: Capacity
  private var snapshot = Snapshot()

  /// A snapshot that is being written in small slices while commands go on.
  private struct Snapshot {
    var bytes: [UInt8] = []
    var hash: UInt64 = 0
    /// What was applied since it was begun.
    var later: [Command] = []
  }

  public init(rules: Rules = Rules(), mostOrders: Int = 100, mostRefills: Int = 1_000) throws {
    capacity = Capacity(orders: mostOrders, refillsPerCommand: mostRefills)
    let book = try OrderBook(rules: rules, capacity: capacity)
    buffer = try EventBuffer(capacity: book.mostEventsPerCommand)
    real = book
    obvious = ObviousBook(rules: rules, mostOrders: mostOrders, mostRefills: mostRefills)
  }

  public struct Outcome {
    public var refusal: Refusal?
    public var events: [Event]
    /// What the two books do not agree on; nil when they do.
    public var difference: String?
  }

  /// Runs one command in both. The whole state is compared every so many commands.
  public mutating func apply(_ command: Command, compareAllEvery period: Int = 1) -> Outcome {
    count += 1
    let expected = obvious.apply(command)
    buffer.removeAll()
    let refusal = real.apply(command, into: &buffer)
    let events = buffer.withEvents { Array($0) }
    var difference: String?
    if refusal != expected.refusal {
      difference = "the book says \(name(refusal)), the obvious one \(name(expected.refusal))"
    } else if !areSame(events, expected.events) {
      difference = "the book says\n" + lines(events) + "the obvious one\n" + lines(expected.events)
    } else {
      difference = scalarDifference()
      if difference == nil && count % period == 0 { difference = wholeDifference() }
      if difference == nil { difference = snapshotDifference(after: command) }
    }
    return Outcome(refusal: refusal, events: events, difference: difference)
  }

  /// Now and then a snapshot is begun, written a slice a command, and read back; brought up to
  /// date, the book made from it takes the place of the one it was taken from.
  private mutating func snapshotDifference(after command: Command) -> String? {
    if !real.isWritingSnapshot {
      guard count % 50 == 0 else { return nil }
      real.beginSnapshot()
      snapshot = Snapshot(hash: real.stateHash)
      if count % 600 == 0 {
        real.abandonSnapshot()
        return nil
      }
    } else {
      snapshot.later.append(command)
    }
    var slice = [UInt8](repeating: 0, count: 1024)
    let written = slice.withUnsafeMutableBytes { real.writeSnapshot(into: $0) }
    snapshot.bytes += slice.prefix(written)
    return real.isWritingSnapshot ? nil : replaceByRestored()
  }

  private mutating func replaceByRestored() -> String? {
    do {
      var reader = try SnapshotReader(capacity: capacity)
      var start = 0
      while start < snapshot.bytes.count {
        let end = min(start + 777, snapshot.bytes.count)
        let piece = Array(snapshot.bytes[start..<end])
        try piece.withUnsafeBytes { try reader.read($0) }
        start = end
      }
      var restored = try reader.finish()
      if restored.stateHash != snapshot.hash { return "a snapshot is not the book it was taken of" }
      for command in snapshot.later {
        buffer.removeAll()
        _ = restored.apply(command, into: &buffer)
      }
      if restored.stateHash != real.stateHash { return "a restored book went another way" }
      real = restored
    } catch {
      return "a snapshot cannot be read: \(error)"
    }
    return wholeDifference()
  }

  private func areSame(_ left: [Event], _ right: [Event]) -> Bool {
    left.count == right.count
      && memcmp(left, right, left.count * MemoryLayout<Event>.stride) == 0
  }

  private func name(_ refusal: Refusal?) -> String { refusal.map { "\($0)" } ?? "accepted" }

  private func lines(_ events: [Event]) -> String {
    events.map { "  " + ObviousBookTable.describe($0) + "\n" }.joined()
  }

  private func scalarDifference() -> String? {
    for side in Side.allCases {
      let touch = obvious.resting(side).first?.price
      if real.best(side)?.price != touch { return "best \(side) differs" }
    }
    if real.openOrders != obvious.openOrders.count { return "open orders differ" }
    if real.referencePrice != obvious.reference { return "reference prices differ" }
    if real.lastTrade.price != obvious.last || real.lastTrade.id != obvious.tradeCount {
      return "last trades differ"
    }
    return real.state == obvious.state ? nil : "market states differ"
  }

  /// Every order in its place, every level, every index.
  public func wholeDifference() -> String? {
    if let fault = real.firstFault() { return fault }
    var found: [OrderView] = []
    real.forEachOrder { found.append($0) }
    let expected = obvious.openOrders
    guard found.count == expected.count else { return "open orders differ" }
    for (one, other) in zip(found, expected) where !isSame(one, other) {
      return "order \(one.id) stands where \(other.id) should, or differs from it"
    }
    for side in Side.allCases {
      let prices = Set(obvious.resting(side).map(\.price))
      guard real.levelCount(side) == prices.count else { return "levels differ" }
      for level in real.depth(side, levels: prices.count) {
        let shown = obvious.shown(side, at: level.price)
        guard level.quantity == shown, real.quantity(side, at: level.price) == shown else {
          return "level \(level.price) shows \(level.quantity), not \(shown)"
        }
      }
    }
    let soonest = expected.map(\.expiresAt).filter { $0 != 0 }.min()
    return real.nextExpiry == soonest ? nil : "next expiries differ"
  }

  private func isSame(_ one: OrderView, _ other: ObviousBook.Order) -> Bool {
    let isWaiting = obvious.isWaiting(other)
    let status: OrderStatus =
      isWaiting ? .pendingTrigger : other.filled > 0 ? .partiallyFilled : .open
    return one.id == other.id && one.account == other.account && one.side == other.side
      && one.type == other.type && one.timeInForce == other.timeInForce
      && one.selfTradePrevention == other.prevention && one.status == status
      && one.terms.price == other.price && one.terms.stop_price == other.stop
      && one.terms.quantity == other.quantity && one.filled == other.filled
      && one.remaining == other.remaining && one.filledQuote == other.filledQuote
      && one.displayed == (isWaiting ? 0 : other.shown)
      && one.filled + one.remaining == one.terms.quantity
  }
}

/// A list of commands on which the two books do not agree.
public struct ObviousBookDispute {
  public var rules: Rules
  public var mostOrders: Int
  public var mostRefills: Int
  public var commands: [Command]

  /// Generates and runs; nil when the books agree all the way.
  public init?(seed: UInt64, commands count: Int) throws {
    var generator = RandomCommands(seed: seed)
    rules = generator.rules
    mostOrders = generator.mostOrders
    mostRefills = generator.mostRefills
    commands = []
    var duel = try ObviousBookDuel(
      rules: rules, mostOrders: mostOrders, mostRefills: mostRefills)
    for _ in 0..<count {
      let command = generator.next(duel.obvious.openOrders)
      commands.append(command)
      if duel.apply(command, compareAllEvery: 64).difference != nil { return }
    }
    return nil
  }

  /// The first difference when only these commands are given, and after how many of them.
  public func difference(_ commands: [Command]) throws -> (text: String, after: Int)? {
    var duel = try ObviousBookDuel(
      rules: rules, mostOrders: mostOrders, mostRefills: mostRefills)
    for (index, command) in commands.enumerated() {
      if let text = duel.apply(command).difference { return (text, index + 1) }
    }
    return nil
  }

  /// Leaves out whatever the dispute does not need: halves first, single commands last.
  public mutating func shrink() throws {
    if let found = try difference(commands) { commands = Array(commands.prefix(found.after)) }
    var length = commands.count / 2
    while length > 0 {
      var start = 0
      while start < commands.count {
        var fewer = commands
        fewer.removeSubrange(start..<min(start + length, commands.count))
        if let found = try difference(fewer) {
          commands = Array(fewer.prefix(found.after))
        } else {
          start += length
        }
      }
      length /= 2
    }
  }

  /// The commands as a test table, with what the real book says to each.
  public func table() throws -> String {
    var duel = try ObviousBookDuel(
      rules: rules, mostOrders: mostOrders, mostRefills: mostRefills)
    var text = "rules \(rules), \(mostOrders) orders, \(mostRefills) refills\n"
    for command in commands {
      let outcome = duel.apply(command)
      text += ObviousBookTable.line(command, outcome.refusal, outcome.events) + "\n"
      if let difference = outcome.difference { text += "!! " + difference + "\n" }
    }
    return text
  }
}
