import OrderBook
import SymbolState
import Testing
import Wire

@Suite("Limits that are set one by one")
struct LimitTests {
  private static let capacity = Capacity(orders: 64, refillsPerCommand: 16)

  /// As somebody asks who has seen these limits.
  private func setting(
    _ limits: Limits, seeing rules: Rules, key: String = "", _ change: (inout Rules) -> Void
  ) -> Command {
    var command = Command(.configure)
    command.rules = rules
    change(&command.rules)
    command.changes = limits.rawValue
    command.setKey(Array(key.utf8))
    return command
  }

  private func begun(_ events: inout EventBuffer, _ state: inout SymbolState) throws -> Rules {
    var first = Command(.configure)
    first.rules.max_quantity = 1000
    first.rules.max_price = 1 << 40
    guard case .accepted = state.execute(&first, now: 1, events: &events) else {
      throw Unexpected(what: "the first limits were refused")
    }
    return first.rules
  }

  private struct Unexpected: Error {
    let what: String
  }

  @Test("stay as they are when others are set at the same moment, in a replay too")
  func together() throws {
    var state = try SymbolState(symbol: 1, capacity: Self.capacity)
    var copy = try SymbolState(symbol: 1, capacity: Self.capacity)
    var events = try EventBuffer(capacity: state.book.mostEventsPerCommand)
    let seen = try begun(&events, &state)
    _ = try begun(&events, &copy)
    var one = setting(.maxQuantity, seeing: seen, key: "one") { $0.max_quantity = 5 }
    var other = setting([.minNotional, .maxOpenOrders], seeing: seen, key: "other") {
      $0.min_notional = 7
      $0.max_open_orders = 3
    }
    let asked = one
    for command in [0, 1] {
      let outcome =
        command == 0
        ? state.execute(&one, now: 2, events: &events)
        : state.execute(&other, now: 2, events: &events)
      guard case .accepted = outcome else { throw Unexpected(what: "\(outcome)") }
    }
    #expect(state.book.rules.max_quantity == 5 && state.book.rules.max_price == 1 << 40)
    #expect(state.book.rules.min_notional == 7 && state.book.rules.max_open_orders == 3)
    // What is journalled says all of it.
    #expect(other.rules == state.book.rules)
    #expect(copy.replay(one, events: &events) && copy.replay(other, events: &events))
    #expect(copy.hash == state.hash)
    // Asked again it is the same call, whatever the other limits are meanwhile.
    var again = asked
    again.rules = other.rules.taking(.maxQuantity, from: asked.rules)
    guard case .duplicate(of: one.sequence) = copy.execute(&again, now: 3, events: &events) else {
      throw Unexpected(what: "the repeated call is another one")
    }
  }

  @Test("are refused when together they are none, though each was right when it was asked for")
  func contradiction() throws {
    var state = try SymbolState(symbol: 1, capacity: Self.capacity)
    var events = try EventBuffer(capacity: state.book.mostEventsPerCommand)
    let seen = try begun(&events, &state)
    var more = setting(.maxQuantity, seeing: seen) { $0.max_quantity = 1 << 22 }
    guard case .accepted = state.execute(&more, now: 2, events: &events) else {
      throw Unexpected(what: "more was refused")
    }
    let before = state.hash
    var dearer = setting(.maxPrice, seeing: seen) { $0.max_price = 1 << 50 }
    var least = setting(.minQuantity, seeing: seen) { $0.min_quantity = 1 << 23 }
    for outcome in [
      state.execute(&dearer, now: 3, events: &events),
      state.execute(&least, now: 3, events: &events),
    ] {
      guard case .refused(.malformed) = outcome else { throw Unexpected(what: "\(outcome)") }
    }
    #expect(state.hash == before)
  }
}
