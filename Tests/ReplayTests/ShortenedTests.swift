import Postgres
import Replay
import Store
import TestSupport
import Testing
import Wire

/// A journal whose beginning is gone, as OUTCRY_JOURNAL_KEEP has it.
@Suite("A shortened journal", .serialized)
struct ShortenedTests {
  let market: TestMarket
  /// Of the snapshots, the oldest first.
  let snapshots: [UInt64]

  init() throws {
    market = try TestMarket.traded(seed: UInt64.random(in: 1...1000))
    snapshots = try Snapshots(symbol: market.symbol.id, connection: market.connection).labels()
      .map(\.sequence).reversed()
  }

  private func forget(before sequence: UInt64) throws {
    let connection = try Connection(market.database)
    let snapshots = Snapshots(symbol: market.symbol.id, connection: connection)
    // An audit's session ends a moment after its connection is closed.
    #expect(try eventually { try snapshots.forgetJournal(before: sequence) > 0 })
  }

  private func orderID(_ sequence: UInt64) -> Int64 {
    Int64(OrderID.make(symbol: market.symbol.id, sequence: sequence))
  }

  /// All rows of the symbol's tables, as text.
  private func rows() throws -> [String] {
    let rows = try market.connection.query(
      """
      select 'order ' || o::text from orders as o union all
      select 'trade ' || t::text from trades as t union all
      select 'answer ' || a::text from answers as a order by 1
      """)
    return (0..<rows.count).map { rows.text($0, 0) }
  }

  @Test("is verified from the oldest snapshot that it continues")
  func verify() throws {
    let whole = try market.verify()
    #expect(whole.snapshot == 0 && whole.snapshots == 3)
    try forget(before: snapshots[0] - 50)
    let first = try market.verify()
    #expect(first.snapshot == snapshots[0] && first.snapshots == 2)
    #expect(first.book.stateHash == whole.book.stateHash)
    #expect(first.orders > 0 && first.orders < whole.orders)
    try forget(before: snapshots[1])
    let second = try market.verify()
    #expect(second.snapshot == snapshots[1] && second.snapshots == 1)
    #expect(second.book.stateHash == whole.book.stateHash)
    try market.damage("delete from snapshots where sequence >= \(snapshots[1])")
    let start = UInt64(try market.number("select min(sequence) from journal"))
    #expect(try market.difference() == .journalBegins(at: start))
    let history = try History(market.symbol, database: market.database)
    #expect(throws: Difference.journalBegins(at: start)) {
      try history.book(at: start + 1, depth: 5)
    }
  }

  @Test("names a damaged snapshot and goes on to the next one")
  func damagedSnapshot() throws {
    try forget(before: snapshots[0])
    try market.damage(
      """
      update snapshot_parts set bytes = set_byte(bytes, 99, get_byte(bytes, 99) # 4)
      where sequence = \(snapshots[0]) and part = 0
      """)
    guard case .snapshotDamaged(snapshots[0], _) = try market.difference() else {
      Issue.record("\(String(describing: try market.difference()))")
      return
    }
    // What differs from the good one on is found before.
    let id = try market.number("select max(order_id) from orders")
    try market.damage("delete from orders where order_id = \(id)")
    #expect(try market.difference() == .rowMissing(table: "orders", key: id))
    var passedOver: [Difference] = []
    let rebuilt = try Rebuilding.run(market.symbol, database: market.database) {
      passedOver.append($0)
    }
    #expect(rebuilt.snapshot == snapshots[1] && rebuilt.repaired == 1)
    #expect(passedOver.count == 1)
  }

  @Test("lets everything be rebuilt that follows from it, to the last column")
  func rebuild() throws {
    try forget(before: snapshots[1])
    let before = try rows()
    let base = orderID(snapshots[1])
    // Rows that nobody touched since the snapshot are dated by it: none is removed here.
    try market.damage(
      """
      delete from orders where order_id > \(base) and order_id % 3 = 0
        or order_id <= \(base) and sequence > \(snapshots[1]) and order_id % 2 = 0
      """)
    try market.damage(
      """
      update orders set filled = filled + 1, client_order_id = 'wrong', price = price + 7,
        created_at = 5, account = 9
      where order_id > \(base) or sequence > \(snapshots[1]) or is_open
      """)
    try market.damage("delete from trades where sequence > \(snapshots[1])")
    try market.damage("delete from answers where sequence > \(snapshots[1])")
    let rebuilt = try Rebuilding.run(market.symbol, database: market.database)
    #expect(rebuilt.snapshot == snapshots[1] && rebuilt.contradictions == 0)
    #expect(try rows() == before)
    #expect(try market.difference() == nil)
    #expect(try Rebuilding.run(market.symbol, database: market.database).repaired == 0)
    try market.trade(100)
    #expect(try market.difference() == nil)
  }

  @Test("brings back an order that has been resting since before, dated by the snapshot")
  func resting() throws {
    while try market.number("select count(*) from orders where is_open") == 0 {
      try market.trade(20)
    }
    try market.snapshot()
    let end = UInt64(market.commands.count)
    try market.damage("delete from snapshots where sequence < \(end)")
    try forget(before: end)
    let id = try market.number("select min(order_id) from orders where is_open")
    let others = """
      select (o.*)::text from (select order_id, account, price, quantity, remaining, filled_quote,
        created_at, created_sequence, status, is_open, client_order_id from orders) as o
      where order_id = \(id)
      """
    let before = try market.connection.query(others).text(0, 0)
    try market.damage("delete from orders where order_id = \(id)")
    #expect(try market.difference() == .rowMissing(table: "orders", key: id))
    #expect(try Rebuilding.run(market.symbol, database: market.database).repaired == 1)
    #expect(try market.connection.query(others).text(0, 0) == before)
    let touched = try market.number("select sequence from orders where order_id = \(id)")
    #expect(touched == Int64(end))
    #expect(try market.difference() == nil)
  }

  @Test("leaves rows from before as they are, and names those that cannot be right")
  func before() throws {
    try forget(before: snapshots[1])
    let id = try market.number(
      "select min(order_id) from orders where not is_open and sequence < \(snapshots[1])")
    try market.damage("update orders set price = price + 1 where order_id = \(id)")
    #expect(try market.difference() == nil)
    try market.damage("update orders set is_open = true where order_id = \(id)")
    let open = Difference.row(
      table: "orders", key: id, column: "is_open", expected: "false", found: "true")
    #expect(try market.difference() == open)
    try market.damage("delete from trades where trade_id = 2")
    let before = try rows()
    let rebuilt = try Rebuilding.run(market.symbol, database: market.database)
    #expect(rebuilt.repaired == 0 && rebuilt.contradictions == 2)
    #expect(try rows() == before)
    try market.damage("update orders set is_open = false where order_id = \(id)")
    #expect(try market.difference() == .rowMissing(table: "trades", key: 2))
  }

  @Test("is checked for damage also where it cannot be repeated")
  func unrepeated() throws {
    try forget(before: snapshots[0] - 200)
    let sequence = UInt64(try market.number("select min(sequence) from journal"))
    try market.damage(
      """
      update journal set records = set_byte(records, 7, get_byte(records, 7) # 1)
      where sequence = \(sequence)
      """)
    let damage = JournalError.damaged(symbol: market.symbol.id, sequence: sequence)
    #expect(try market.difference() == .journal("\(damage)"))
  }

  @Test("gets no shorter while somebody audits it")
  func audited() throws {
    let snapshots = Snapshots(symbol: market.symbol.id, connection: market.connection)
    do {
      let auditor = try Connection(market.database)
      try JournalReader(symbol: market.symbol.id, connection: auditor).keepWhole()
      #expect(try snapshots.forgetJournal(before: 500) == 0)
      withExtendedLifetime(auditor) {}
    }
    #expect(try eventually { try snapshots.forgetJournal(before: 500) > 0 })
  }

  @Test("of a real engine is verified and rebuilt while it trades and forgets")
  func live() throws {
    let exchange = try LiveExchange()
    let journal = JournalReader(symbol: 1, connection: exchange.connection)
    let snapshots = Snapshots(symbol: 1, connection: exchange.connection)
    // As the engine does behind its oldest snapshot, which may not be as soon as here.
    func tradeAndForget() throws {
      try exchange.trade()
      let needed = try snapshots.labels().last?.sequence ?? 0
      if needed > 10, needed <= exchange.segment.projectedSequence {
        try snapshots.forgetJournal(before: needed - 10)
      }
    }
    #expect(
      try eventually(within: 60) {
        try tradeAndForget()
        return try journal.start() ?? 1 > 2000
      })
    for command in ["verify", "rebuild", "verify"] {
      let tool = exchange.start(command, "BTC-USD")
      while tool.isRunning { try tradeAndForget() }
      #expect(tool.wait(within: 60) == .code(0), "\(tool.output)")
      #expect(tool.output.contains("from snapshot at "), "\(tool.output)")
    }
    #expect(exchange.settle())
    let (exit, output) = try exchange.outcry("verify", "BTC-USD")
    #expect(exit == .code(0) && output.contains("board compared"), "\(output)")
    let (listed, lines) = try exchange.outcry("journal", "BTC-USD", "--limit", "100000000")
    #expect(listed == .code(0), "\(lines)")
    #expect(try exchange.outcry("journal", "BTC-USD", "--from", "1").1.contains("begins at"))
    #expect(try exchange.outcry("replay", "BTC-USD", "--to", "1").0 == .code(1))
  }
}
