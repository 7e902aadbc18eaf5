import TestSupport
import Testing
import Wire

/// Plays a table to both books; the line of the test that failed is shown with what came instead.
func expect(
  _ table: String, rules: Rules = Rules(), mostOrders: Int = 100, mostRefills: Int = 1_000,
  at place: SourceLocation = #_sourceLocation
) throws {
  var scenario = ObviousBookScenario()
  scenario.rules = rules
  scenario.mostOrders = mostOrders
  scenario.mostRefills = mostRefills
  for fault in try scenario.play(table) { Issue.record("\(fault)", sourceLocation: place) }
}

@Suite("Orders that rest and trade")
struct ScenarioTests {
  @Test("the better price goes first, then the older order, at the maker's price")
  func priority() throws {
    try expect(
      """
      #1 1 sell 5 @ 101      => #1 rests 5 [ask 101: 5]
      #2 2 sell 5 @ 100      => #2 rests 5 [ask 100: 5]
      #3 3 sell 5 @ 100      => #3 rests 5 [ask 100: 10]
      #4 4 buy 12 @ 102      => #4 trades 5 @ 100 with #2 [ask 100: 5],
                                #4 trades 5 @ 100 with #3 [ask 100: 0],
                                #4 trades 2 @ 101 with #1 [ask 101: 3]
      #5 4 buy 4 @ 101       => #5 trades 3 @ 101 with #1 [ask 101: 0], #5 rests 1 [bid 101: 1]
      cancel #5 by 4         => #5 ends 1 requested [bid 101: 0]
      cancel #5 by 4         => refused unknownOrder
      """)
  }

  @Test("nobody cancels or amends somebody else's order")
  func ownership() throws {
    try expect(
      """
      #1 1 buy 5 @ 100       => #1 rests 5 [bid 100: 5]
      cancel #1 by 2         => refused unknownOrder
      amend #1 by 2 3        => refused unknownOrder
      cancel #7 by 1         => refused unknownOrder
      """)
  }

  @Test("a market order takes what there is, and is refused by an empty book")
  func market() throws {
    try expect(
      """
      #1 1 buy 5 market      => refused noLiquidity
      #2 2 sell 3 @ 100      => #2 rests 3 [ask 100: 3]
      #3 1 buy 5 market      => #3 trades 3 @ 100 with #2 [ask 100: 0], #3 ends 2 noLiquidity
      #4 2 sell 3 @ 100      => #4 rests 3 [ask 100: 3]
      #5 1 buy 5 market fok  => refused notFillable
      #6 1 buy 2 market ioc  => #6 trades 2 @ 100 with #4 [ask 100: 1]
      """)
  }

  @Test("a market order by quote quantity spends at most that much")
  func quoteQuantity() throws {
    try expect(
      """
      #1 1 sell 3 @ 100      => #1 rests 3 [ask 100: 3]
      #2 1 sell 9 @ 120      => #2 rests 9 [ask 120: 9]
      #3 2 buy for 99        => refused noLiquidity
      #4 2 buy for 650       => #4 trades 3 @ 100 with #1 [ask 100: 0],
                                #4 trades 2 @ 120 with #2 [ask 120: 7], #4 ends 0 quoteSpent
      #5 2 buy for 1200      => #5 trades 7 @ 120 with #2 [ask 120: 0], #5 ends 0 noLiquidity
      #6 2 buy 4 @ 50        => #6 rests 4 [bid 50: 4]
      #7 1 sell for 100      => #7 trades 2 @ 50 with #6 [bid 50: 2], #7 ends 0 quoteSpent
      """)
  }

  @Test("a market order goes no further from the touch than the slippage allows")
  func slippage() throws {
    var rules = Rules()
    rules.slippage_bps = 100
    try expect(
      """
      #1 1 sell 3 @ 1000     => #1 rests 3 [ask 1000: 3]
      #2 1 sell 3 @ 1010     => #2 rests 3 [ask 1010: 3]
      #3 1 sell 3 @ 1011     => #3 rests 3 [ask 1011: 3]
      #4 2 buy 7 market fok  => refused notFillable
      #5 2 buy 7 market      => #5 trades 3 @ 1000 with #1 [ask 1000: 0],
                                #5 trades 3 @ 1010 with #2 [ask 1010: 0], #5 ends 1 slippage
      """, rules: rules)
  }

  @Test("IOC takes a part and ends; with no part it is accepted and ends too")
  func immediateOrCancel() throws {
    try expect(
      """
      #1 1 buy 5 @ 100 ioc   => #1 ends 5 immediateOrCancel
      #2 2 sell 3 @ 100      => #2 rests 3 [ask 100: 3]
      #3 1 buy 5 @ 100 ioc   => #3 trades 3 @ 100 with #2 [ask 100: 0], #3 ends 2 immediateOrCancel
      """)
  }

  @Test("FOK counts what an iceberg hides, within its limit only")
  func fillOrKill() throws {
    try expect(
      """
      #1 1 sell 10 @ 100 show 2 => #1 rests 10 [ask 100: 2]
      #2 2 sell 2 @ 100         => #2 rests 2 [ask 100: 4]
      #3 2 sell 5 @ 101         => #3 rests 5 [ask 101: 5]
      #4 3 buy 13 @ 100 fok     => refused notFillable
      #5 3 buy 18 @ 101 fok     => refused notFillable
      #6 3 buy 6 @ 100 fok      => #6 trades 2 @ 100 with #1 [ask 100: 2],
                                   #1 refills 2 [ask 100: 4],
                                   #6 trades 2 @ 100 with #2 [ask 100: 2],
                                   #6 trades 2 @ 100 with #1 [ask 100: 0],
                                   #1 refills 2 [ask 100: 2]
      #7 3 buy 1 @ 99 fok       => refused notFillable
      """)
  }

  @Test("an iceberg's next slice goes behind the others at its price")
  func iceberg() throws {
    try expect(
      """
      #1 1 sell 5 @ 100 show 2  => #1 rests 5 [ask 100: 2]
      #2 2 sell 3 @ 100         => #2 rests 3 [ask 100: 5]
      #3 3 buy 2 @ 100          => #3 trades 2 @ 100 with #1 [ask 100: 3], #1 refills 2 [ask 100: 5]
      #4 3 buy 4 @ 100          => #4 trades 3 @ 100 with #2 [ask 100: 2],
                                   #4 trades 1 @ 100 with #1 [ask 100: 1]
      #5 3 buy 9 @ 100 ioc      => #5 trades 1 @ 100 with #1 [ask 100: 0],
                                   #1 refills 1 [ask 100: 1],
                                   #5 trades 1 @ 100 with #1 [ask 100: 0],
                                   #5 ends 7 immediateOrCancel
      #6 1 sell 5 @ 100 show 6  => refused displayQuantity
      """)
  }

  @Test("one command refills icebergs so many times and not more")
  func refillLimit() throws {
    try expect(
      """
      #1 1 sell 9 @ 100 show 2  => #1 rests 9 [ask 100: 2]
      #2 2 buy 9 @ 100 fok      => refused notFillable
      #3 2 buy 9 @ 100          => #3 trades 2 @ 100 with #1 [ask 100: 0],
                                   #1 refills 2 [ask 100: 2],
                                   #3 trades 2 @ 100 with #1 [ask 100: 0],
                                   #1 refills 2 [ask 100: 2], #3 ends 5 overLimit
      """, mostRefills: 2)
  }

  @Test("post-only is refused at the touch and rests one tick before it")
  func postOnly() throws {
    try expect(
      """
      #1 1 sell 5 @ 100         => #1 rests 5 [ask 100: 5]
      #2 2 buy 5 @ 100 post     => refused wouldCross
      #3 2 buy 5 @ 99 post      => #3 rests 5 [bid 99: 5]
      amend #3 by 2 @ 100       => refused wouldCross
      #4 2 buy 5 @ 99 post ioc  => refused malformed
      """)
  }
}
