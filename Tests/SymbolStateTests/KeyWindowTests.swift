import OrderBook
import SymbolState
import Testing
import Wire

@Suite("The idempotency window")
struct KeyWindowTests {
  private func order(_ number: Int, price: Int64 = 10) -> Command {
    var command = Command(.place, account: 1)
    command.side = Side.buy.rawValue
    command.type = OrderType.limit.rawValue
    command.time_in_force = TimeInForce.goodTillCancelled.rawValue
    command.self_trade_prevention = SelfTradePrevention.cancelTaker.rawValue
    command.terms.price = price
    command.terms.quantity = 1
    command.setKey(Array("k\(number)".utf8))
    return command
  }

  private func isDuplicate(_ outcome: SymbolState.Outcome, of sequence: UInt64) -> Bool {
    if case .duplicate(sequence) = outcome { true } else { false }
  }

  @Test("remembers the last commands, and the keys of open orders for as long as they are open")
  func window() throws {
    let capacity = Capacity(orders: 64, refillsPerCommand: 16)
    var state = try SymbolState(symbol: 1, capacity: capacity, keyWindow: 100)
    var events = try EventBuffer(capacity: state.book.mostEventsPerCommand)
    var stays = order(0)
    _ = state.execute(&stays, now: 1, events: &events)
    let open = stays.sequence
    // Each of these is placed and cancelled, two keys a round.
    for number in 1...500 {
      events.removeAll()
      var placed = order(number)
      guard case .accepted = state.execute(&placed, now: 1, events: &events) else {
        Issue.record("order \(number) was not accepted")
        return
      }
      var cancel = Command(.cancel, account: 1)
      cancel.order_id = placed.order_id
      cancel.setKey(Array("c\(number)".utf8))
      _ = state.execute(&cancel, now: 1, events: &events)
    }
    var recent = order(480)
    #expect(isDuplicate(state.execute(&recent, now: 1, events: &events), of: 2 * 480))
    var first = order(0)
    #expect(isDuplicate(state.execute(&first, now: 1, events: &events), of: open))
    var forgotten = order(100)
    let outcome = state.execute(&forgotten, now: 1, events: &events)
    if case .accepted = outcome {} else { Issue.record("key 100 is still known: \(outcome)") }
  }

  @Test("a refused command leaves its key free")
  func refused() throws {
    let capacity = Capacity(orders: 64, refillsPerCommand: 16)
    var state = try SymbolState(symbol: 1, capacity: capacity, keyWindow: 100)
    var events = try EventBuffer(capacity: state.book.mostEventsPerCommand)
    var market = order(1, price: 0)
    market.type = OrderType.market.rawValue
    market.time_in_force = TimeInForce.immediateOrCancel.rawValue
    let outcome = state.execute(&market, now: 1, events: &events)
    if case .refused(.noLiquidity) = outcome {} else { Issue.record("\(outcome)") }
    #expect(state.sequence == 0)
    var limit = order(1)
    if case .accepted = state.execute(&limit, now: 1, events: &events) {
    } else {
      Issue.record("the key was not free")
    }
  }

  @Test("a replayed command is known by its key like one that was executed")
  func replay() throws {
    let capacity = Capacity(orders: 64, refillsPerCommand: 16)
    var first = try SymbolState(symbol: 1, capacity: capacity, keyWindow: 100)
    var second = try SymbolState(symbol: 1, capacity: capacity, keyWindow: 100)
    var events = try EventBuffer(capacity: first.book.mostEventsPerCommand)
    var command = order(7)
    _ = first.execute(&command, now: 5, events: &events)
    events.removeAll()
    #expect(second.replay(command, events: &events))
    var again = order(7)
    #expect(isDuplicate(second.execute(&again, now: 9, events: &events), of: 1))
    #expect(!second.replay(command, events: &events))
  }
}
