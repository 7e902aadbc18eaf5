import CAllocations
import OrderBook
import TestSupport
import Testing
import Wire

@Suite("The book's memory")
struct MemoryTests {
  @Test("no command of any kind allocates")
  func allocations() throws {
    var generator = RandomCommands(seed: 11)
    var obvious = ObviousBook(
      rules: generator.rules, mostOrders: generator.mostOrders, mostRefills: generator.mostRefills)
    var commands: [Command] = []
    for _ in 0..<20_000 {
      let command = generator.next(obvious.openOrders)
      commands.append(command)
      _ = obvious.apply(command)
    }
    var book = try OrderBook(
      rules: generator.rules,
      capacity: Capacity(
        orders: generator.mostOrders, refillsPerCommand: generator.mostRefills))
    var events = try EventBuffer(capacity: book.mostEventsPerCommand)
    var kinds: Set<UInt8> = []
    kinds.reserveCapacity(64)
    let before = outcry_allocations()
    for command in commands {
      events.removeAll()
      if book.apply(command, into: &events) == nil { kinds.insert(command.kind) }
    }
    let made = outcry_allocations() - before
    #expect(made == 0)
    #expect(kinds.count == CommandKind.allCases.count)
    let kept = Array(kinds)
    #expect(outcry_allocations() > before + made, "\(kept) took no memory: nothing is counted")
  }

  @Test("a full book refuses, and takes an order again when one has gone")
  func capacity() throws {
    try expect(
      """
      #1 1 buy 1 @ 10      => #1 rests 1 [bid 10: 1]
      #2 1 buy 1 stop 20   => #2 accepted
      #3 1 buy 1 @ 11      => refused capacity
      #4 1 sell 1 @ 10 ioc => #4 trades 1 @ 10 with #1 [bid 10: 0]
      #5 1 buy 1 @ 11      => #5 rests 1 [bid 11: 1]
      """, mostOrders: 2)
  }

  @Test("a level at every distance is found, up to the largest price there is")
  func wholeDomain() throws {
    var book = try OrderBook(capacity: Capacity(orders: 200))
    var events = try EventBuffer(capacity: book.mostEventsPerCommand)
    var prices: Set<Int64> = [.max]
    for bit in 0..<62 { prices.formUnion([1 << bit, (1 << bit) + 1]) }
    for (index, price) in prices.enumerated() {
      #expect(book.apply(order(UInt64(index + 1), .sell, price), into: &events) == nil)
      #expect(book.firstFault() == nil)
    }
    #expect(book.depth(.sell, levels: 200).map(\.price) == prices.sorted())
  }

  private func order(_ id: UInt64, _ side: Side, _ price: Int64) -> Command {
    var command = Command(.place, account: 1)
    command.order_id = id
    command.side = side.rawValue
    command.type = OrderType.limit.rawValue
    command.time_in_force = TimeInForce.goodTillCancelled.rawValue
    command.self_trade_prevention = SelfTradePrevention.none.rawValue
    command.terms.price = price
    command.terms.quantity = 1
    return command
  }
}
