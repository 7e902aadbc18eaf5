import Postgres
import Replay
import Store
import TestSupport
import Testing
import Wire

@Suite("Rebuilding", .serialized)
struct RebuildingTests {
  @Test("repairs whatever is wrong with the tables, and only that")
  func repairs() throws {
    let market = try TestMarket.traded(seed: 1)
    try market.damage("update orders set filled = filled + 1 where order_id % 3 = 0")
    try market.damage("delete from orders where order_id % 7 = 0")
    try market.damage("update trades set price = 1 where trade_id % 2 = 0")
    try market.damage("insert into trades select 999999, 1, 1, 1, 1, 1, 1, 1, 1, $S, 1")
    let orders = try market.number("select count(*) from orders where order_id % 3 = 0")
    let rebuilt = try Rebuilding.run(market.symbol, database: market.database)
    #expect(rebuilt.sequence == UInt64(market.commands.count))
    #expect(rebuilt.repaired >= orders)
    let found = try market.verify()
    #expect(found.orders == rebuilt.orders && found.trades == rebuilt.trades)
    #expect(try Rebuilding.run(market.symbol, database: market.database).repaired == 0)
  }

  @Test("makes emptied tables again, and leaves other symbols alone")
  func emptied() throws {
    let market = try TestMarket.traded(seed: 2)
    try market.damage(
      "insert into trades select 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1")
    try market.damage("delete from orders")
    try market.damage("delete from trades where symbol_id = $S")
    let rebuilt = try Rebuilding.run(market.symbol, database: market.database)
    #expect(rebuilt.repaired == rebuilt.orders + rebuilt.trades)
    #expect(try market.difference() == nil)
    #expect(try market.number("select count(*) from trades where symbol_id = 1") == 1)
    try market.trade(200)
    #expect(try market.difference() == nil)
  }

  @Test("changes nothing when the journal cannot be replayed")
  func impossible() throws {
    let market = try TestMarket.traded(seed: 3)
    try market.damage("delete from journal where sequence > 1 and sequence < 100")
    try market.damage("delete from orders where order_id % 7 = 0")
    let before = try market.number("select count(*) from orders")
    #expect(throws: Difference.self) {
      try Rebuilding.run(market.symbol, database: market.database)
    }
    #expect(try market.number("select count(*) from orders") == before)
  }
}
