import OrderBook
import Testing
import Wire

/// What a book costs while it is small: hundreds of symbols are to fit one machine, each laid out
/// for two million orders.
@Suite("A small book's memory")
struct FootprintTests {
  @Test(
    "a book costs no more than a few pages for each array and what its orders need",
    arguments: [
      (orders: 0, kilobytes: 48), (orders: 100, kilobytes: 144), (orders: 1_000, kilobytes: 512),
      (orders: 10_000, kilobytes: 2_560),
    ])
  func footprint(orders: Int, kilobytes: Int) throws {
    var book = try OrderBook()
    var events = try EventBuffer(capacity: book.mostEventsPerCommand)
    for id in 0..<UInt64(orders) {
      events.removeAll()
      #expect(book.apply(order(id + 1), into: &events) == nil)
    }
    #expect(book.openOrders == orders)
    let resident = book.residentBytes()
    #expect(resident > 0 && resident <= kilobytes << 10, "\(resident >> 10) KB")
  }

  private func order(_ id: UInt64) -> Command {
    let side: Side = id & 1 == 0 ? .buy : .sell
    var command = Command(.place, account: id % 50 + 1)
    command.order_id = id
    command.side = side.rawValue
    command.type = OrderType.limit.rawValue
    command.time_in_force = TimeInForce.goodTillCancelled.rawValue
    command.self_trade_prevention = SelfTradePrevention.none.rawValue
    command.terms.price = 60_000 + (side == .buy ? -1 : 1) * Int64(1 + id * 7 % 500)
    command.terms.quantity = 1
    return command
  }
}
