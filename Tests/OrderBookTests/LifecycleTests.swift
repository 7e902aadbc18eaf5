import Testing
import Wire

@Suite("Stops, amends, expiry, self-trades and market states")
struct LifecycleTests {
  @Test("stops cascade upwards inside one command, each behind what reached it")
  func cascadeUp() throws {
    try expect(
      """
      #1 1 sell 1 @ 100         => #1 rests 1 [ask 100: 1]
      #2 1 sell 1 @ 101         => #2 rests 1 [ask 101: 1]
      #3 1 sell 1 @ 102         => #3 rests 1 [ask 102: 1]
      #4 2 buy 1 stop 101       => #4 accepted
      #5 3 buy 1 stop 100       => #5 accepted
      #6 4 buy 1 @ 100          => #6 trades 1 @ 100 with #1 [ask 100: 0], #5 triggers,
                                   #5 trades 1 @ 101 with #2 [ask 101: 0], #4 triggers,
                                   #4 trades 1 @ 102 with #3 [ask 102: 0]
      """)
  }

  @Test("stops cascade downwards, a stop-limit resting where its limit holds it")
  func cascadeDown() throws {
    try expect(
      """
      #1 1 buy 2 @ 100          => #1 rests 2 [bid 100: 2]
      #2 1 buy 1 @ 98           => #2 rests 1 [bid 98: 1]
      #3 2 sell 3 @ 99 stop 100 => #3 accepted
      #4 2 sell 1 stop 100      => #4 accepted
      #5 3 sell 1 stop 99       => #5 accepted
      #6 4 sell 1 market        => #6 trades 1 @ 100 with #1 [bid 100: 1], #3 triggers,
                                   #3 trades 1 @ 100 with #1 [bid 100: 0], #3 rests 2 [ask 99: 2],
                                   #4 triggers, #4 trades 1 @ 98 with #2 [bid 98: 0], #5 triggers,
                                   #5 ends 1 noLiquidity
      """)
  }

  @Test("a stop that was reached before it came acts at once; without a trade it waits")
  func reachedStop() throws {
    try expect(
      """
      #1 1 buy 1 stop 5         => #1 accepted
      cancel #1 by 1            => #1 ends 1 requested
      #2 1 sell 2 @ 100         => #2 rests 2 [ask 100: 2]
      #3 2 buy 1 @ 100          => #3 trades 1 @ 100 with #2 [ask 100: 1]
      #4 3 buy 1 stop 100       => #4 triggers, #4 trades 1 @ 100 with #2 [ask 100: 0]
      #5 3 buy 2 @ 90 stop 99   => #5 triggers, #5 rests 2 [bid 90: 2]
      #6 3 sell 9 stop 100 fok  => #6 triggers, #6 ends 9 notFillable
      """)
  }

  @Test("less quantity keeps the place in the queue, more loses it")
  func amendDownThenUp() throws {
    try expect(
      """
      #1 1 buy 9 @ 100          => #1 rests 9 [bid 100: 9]
      #2 2 buy 5 @ 100          => #2 rests 5 [bid 100: 14]
      amend #1 by 1 4           => #1 becomes 4 @ 100 [bid 100: 9]
      #3 3 sell 1 @ 100         => #3 trades 1 @ 100 with #1 [bid 100: 8]
      amend #1 by 1 6           => #1 becomes 6 @ 100 [bid 100: 5], #1 rests 5 [bid 100: 10]
      #4 3 sell 6 @ 100         => #4 trades 5 @ 100 with #2 [bid 100: 5],
                                   #4 trades 1 @ 100 with #1 [bid 100: 4]
      amend #1 by 1 2           => refused quantityRange
      amend #1 by 1 6           => refused nothingToChange
      amend #1 by 1 6 stop 7    => refused stopPrice
      """)
  }

  @Test("an amend that crosses trades, at the maker's price")
  func amendThatCrosses() throws {
    try expect(
      """
      #1 1 sell 3 @ 105         => #1 rests 3 [ask 105: 3]
      #2 2 buy 5 @ 100          => #2 rests 5 [bid 100: 5]
      amend #2 by 2 @ 106       => #2 becomes 5 @ 106 [bid 100: 0],
                                   #2 trades 3 @ 105 with #1 [ask 105: 0], #2 rests 2 [bid 106: 2]
      #3 3 sell 2 @ 107         => #3 rests 2 [ask 107: 2]
      amend #2 by 2 5 @ 107     => #2 becomes 5 @ 107 [bid 106: 0],
                                   #2 trades 2 @ 107 with #3 [ask 107: 0]
      """)
  }

  @Test("a waiting stop is amended like any order and may be reached by it")
  func amendStop() throws {
    try expect(
      """
      #1 1 sell 9 @ 100         => #1 rests 9 [ask 100: 9]
      #2 2 buy 1 @ 100          => #2 trades 1 @ 100 with #1 [ask 100: 8]
      #3 3 buy 4 stop 120       => #3 accepted
      amend #3 by 3 3           => #3 becomes 3
      amend #3 by 3 @ 9         => refused priceRange
      amend #3 by 3 stop 100    => #3 becomes 3, #3 triggers, #3 trades 3 @ 100 with #1 [ask 100: 5]
      """)
  }

  @Test("an order until a time trades before it and not after")
  func goodTillDate() throws {
    try expect(
      """
      #1 1 sell 4 @ 100 until 50 => #1 rests 4 [ask 100: 4]
      #2 2 sell 4 @ 100 until 40 => #2 rests 4 [ask 100: 8]
      #3 3 buy 1 @ 100           => #3 trades 1 @ 100 with #1 [ask 100: 7]
      expire at 39               => nothing
      expire at 50               => #2 ends 4 expired [ask 100: 3], #1 ends 3 expired [ask 100: 0]
      #4 3 buy 1 @ 100 ioc       => #4 ends 1 immediateOrCancel
      #5 3 buy 1 @ 100 until 7   => refused expiryPassed
      """)
  }

  @Test("self-trade prevention in the middle of a level")
  func selfTrade() throws {
    try expect(
      """
      #1 1 sell 1 @ 100              => #1 rests 1 [ask 100: 1]
      #2 2 sell 1 @ 100              => #2 rests 1 [ask 100: 2]
      #3 3 sell 1 @ 100              => #3 rests 1 [ask 100: 3]
      #4 2 buy 2 @ 100 fok cancelTaker => refused notFillable
      #5 2 buy 2 @ 100 cancelTaker   => #5 trades 1 @ 100 with #1 [ask 100: 2], #5 ends 1 selfTrade
      #6 2 buy 2 @ 100 cancelTaker   => refused selfTrade
      #7 2 buy 2 @ 100 cancelMaker   => #2 ends 1 selfTrade [ask 100: 1],
                                        #7 trades 1 @ 100 with #3 [ask 100: 0],
                                        #7 rests 1 [bid 100: 1]
      #8 2 sell 1 @ 100 cancelBoth   => #7 ends 1 selfTrade [bid 100: 0], #8 ends 1 selfTrade
      #9 2 sell 1 @ 100              => #9 rests 1 [ask 100: 1]
      #10 2 buy 1 market cancelMaker => refused noLiquidity
      #11 2 buy 1 market             => #11 trades 1 @ 100 with #9 [ask 100: 0]
      """)
  }

  @Test("a halt lets orders rest and be cancelled, and nothing else")
  func halt() throws {
    try expect(
      """
      #1 1 buy 5 @ 100          => #1 rests 5 [bid 100: 5]
      #2 1 buy 5 @ 99 until 30  => #2 rests 5 [bid 99: 5]
      halt                      => halted
      #3 2 sell 5 @ 100         => refused halted
      amend #1 by 1 4           => refused halted
      cancel #1 by 1            => #1 ends 5 requested [bid 100: 0]
      expire at 30              => #2 ends 5 expired [bid 99: 0]
      cancelOnly                => cancelOnly
      #4 2 sell 5 @ 100         => refused cancelOnly
      resume                    => trading
      #5 2 sell 5 @ 100         => #5 rests 5 [ask 100: 5]
      """)
  }

  @Test("all orders of an account go oldest first, all of the symbol best price first")
  func cancelAll() throws {
    try expect(
      """
      #1 1 buy 1 @ 98           => #1 rests 1 [bid 98: 1]
      #2 2 buy 1 @ 99           => #2 rests 1 [bid 99: 1]
      #3 1 sell 1 @ 101         => #3 rests 1 [ask 101: 1]
      #4 1 buy 1 stop 120       => #4 accepted
      #5 1 buy 1 @ 97           => #5 rests 1 [bid 97: 1]
      amend #1 by 1 2           => #1 becomes 2 @ 98 [bid 98: 0], #1 rests 2 [bid 98: 2]
      cancel all of 1           => #1 ends 2 cancelledAll [bid 98: 0],
                                   #3 ends 1 cancelledAll [ask 101: 0], #4 ends 1 cancelledAll,
                                   #5 ends 1 cancelledAll [bid 97: 0]
      cancel all of 1           => nothing
      #6 1 buy 1 @ 100          => #6 rests 1 [bid 100: 1]
      cancelSymbol              => #6 ends 1 cancelledAll [bid 100: 0],
                                   #2 ends 1 cancelledAll [bid 99: 0]
      """)
  }
}
