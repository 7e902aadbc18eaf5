import OrderBook
import TestSupport
import Testing
import Wire

@Suite("Reading ahead")
struct ReadAheadTests {
  @Test("changes nothing, whatever became of the orders meanwhile and however batches are cut")
  func changesNothing() throws {
    let seed = UInt64.random(in: 0..<1 << 62)
    var random = SplitMix(seed: seed)
    let capacity = Capacity(orders: 90_000)
    var plain = try OrderBook(capacity: capacity)
    var ahead = try OrderBook(capacity: capacity)
    var events = try EventBuffer(capacity: plain.mostEventsPerCommand)
    var id: UInt64 = 0
    while plain.openOrders < 80_000 {
      let command = place(&id, &random)
      events.removeAll()
      #expect(plain.apply(command, into: &events) == ahead.apply(command, into: &events))
    }
    for _ in 0..<4_000 {
      let length = Int.random(in: 1...60, using: &random)
      let batch = (0..<length).map { _ in any(&id, &random) }
      batch.withUnsafeBufferPointer { commands in
        for position in commands.indices {
          events.removeAll()
          let expected = plain.apply(commands[position], into: &events)
          events.removeAll()
          ahead.readAhead(commands, at: position)
          #expect(ahead.apply(commands[position], into: &events) == expected, "seed \(seed)")
        }
      }
    }
    #expect(ahead.openOrders > 1 << 16, "a book so small is not read ahead for")
    #expect(ahead.stateHash == plain.stateHash, "seed \(seed)")
    #expect(ahead.firstFault() == nil)
  }

  /// Few distinct ids at a time, so that orders end while they are being read ahead for.
  private func any(_ id: inout UInt64, _ random: inout SplitMix) -> Command {
    let recent = id - UInt64.random(in: 0..<(random.oneIn(2) ? 20 : 60_000), using: &random)
    switch Int.random(in: 0..<20, using: &random) {
    case 0..<12: return place(&id, &random)
    case 12..<18:
      var command = Command(.cancel, account: recent % 50 + 1)
      command.order_id = random.oneIn(20) ? .max - recent : max(1, recent)
      return command
    default:
      var command = Command(.amend, account: recent % 50 + 1)
      command.order_id = max(1, recent)
      command.terms.price = .random(in: 9_000...11_000, using: &random)
      return command
    }
  }

  private func place(_ id: inout UInt64, _ random: inout SplitMix) -> Command {
    id += 1
    let side: Side = random.oneIn(2) ? .buy : .sell
    let distance = Int64.random(in: -2...2_000, using: &random)
    var command = Command(.place, account: id % 50 + 1)
    command.order_id = id
    command.side = side.rawValue
    command.type = OrderType.limit.rawValue
    command.time_in_force = TimeInForce.goodTillCancelled.rawValue
    command.self_trade_prevention = SelfTradePrevention.none.rawValue
    command.terms.price = side == .buy ? 10_000 - distance : 10_000 + distance
    command.terms.quantity = .random(in: 1...10, using: &random)
    return command
  }
}
