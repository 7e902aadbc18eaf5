import OrderBook
import Postgres
import Replay
import Store
import SymbolState
import TestSupport
import Wire

/// A million commands verified and rebuilt: three of five orders rest, one of ten commands cancels,
/// the rest trade, around a price that wanders.
struct VerificationBenchmark {
  private static let commands = 1_000_000

  let settings: String
  private let connection: Connection
  private let symbol: Symbol

  init(_ settings: String) throws {
    self.settings = settings
    connection = try Connection(settings)
    try Schema.migrate(connection)
    guard let found = try Symbols.find("ETH-USD", connection) else {
      preconditionFailure("ETH-USD comes with the schema")
    }
    symbol = found.symbol
  }

  func run() throws {
    try fill()
    for _ in 0..<2 {
      let start = monotonicSeconds()
      let found = try Verification.run(symbol, database: settings, depth: 20)
      print(
        "  verify: \(found.sequence) commands, \(found.orders) orders, \(found.trades) trades,",
        "\(found.book.openOrders) open, in \(monotonicSeconds() - start) s")
    }
    try measureRebuilding("of good tables")
    try connection.run("delete from orders; delete from trades")
    try measureRebuilding("of empty tables")
    let start = monotonicSeconds()
    let history = try History(symbol, database: settings)
    _ = try history.book(at: history.end(), depth: 20)
    print("  replay from the start, without tables: \(monotonicSeconds() - start) s")
  }

  private func measureRebuilding(_ what: String) throws {
    let start = monotonicSeconds()
    let done = try Rebuilding.run(symbol, database: settings)
    print("  rebuild \(what): \(done.repaired) rows written in \(monotonicSeconds() - start) s")
  }

  private func fill() throws {
    var random = SplitMix(seed: 1)
    var state = try SymbolState(symbol: symbol.id)
    var events = try EventBuffer(capacity: state.book.mostEventsPerCommand)
    let journal = try Journal(symbol: symbol.id, connection: Connection(settings))
    let writer = try ProjectionWriter(symbol: symbol.id, connection: Connection(settings))
    var buffer = ProjectionBuffer(position: 0)
    var batch: [Command] = []
    var middle: Int64 = 200_000
    while state.sequence < VerificationBenchmark.commands {
      middle += .random(in: -1...1, using: &random)
      var command = command(after: state.sequence, around: middle, &random)
      events.removeAll()
      guard case .accepted = state.execute(&command, now: state.time + 40, events: &events) else {
        continue
      }
      events.withEvents { buffer.absorb(command, $0) }
      batch.append(command)
      guard batch.count == 1000 || state.sequence == VerificationBenchmark.commands else {
        continue
      }
      try batch.withUnsafeBufferPointer { try journal.append($0, epoch: 1) }
      batch.removeAll(keepingCapacity: true)
      if buffer.pendingRows > 20_000 { try writer.write(&buffer) }
    }
    try writer.write(&buffer)
  }

  private func command(
    after sequence: UInt64, around middle: Int64, _ random: inout SplitMix
  ) -> Command {
    if random.oneIn(10), sequence > 100 {
      var command = Command(.cancelAccount, account: .random(in: 1...5000, using: &random))
      command.setKey(Array("c\(sequence)".utf8))
      return command
    }
    var command = Command(.place, account: .random(in: 1...5000, using: &random))
    command.side = .random(in: 1...2, using: &random)
    command.type = OrderType.limit.rawValue
    command.time_in_force = TimeInForce.goodTillCancelled.rawValue
    command.self_trade_prevention = SelfTradePrevention.cancelTaker.rawValue
    let distance = Int64.random(in: -40...60, using: &random)
    command.terms.price = command.side == Side.buy.rawValue ? middle - distance : middle + distance
    command.terms.quantity = .random(in: 1...50, using: &random)
    command.flags = OrderFlags.clientKey.rawValue
    command.setKey(Array("order-\(sequence)".utf8))
    return command
  }
}
