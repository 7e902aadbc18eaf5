import TestSupport
import Testing
import Wire

@Suite("Limits and the order of the checks")
struct RefusalTests {
  private var rules: Rules {
    var rules = Rules()
    rules.min_quantity = 2
    rules.max_quantity = 50
    rules.min_notional = 500
    rules.max_notional = 6_000
    rules.max_price = 300
    rules.price_band_bps = 1_000
    rules.max_open_orders = 2
    return rules
  }

  @Test("every limit holds at its edge and refuses one beyond")
  func limits() throws {
    try expect(
      """
      reference 100             => reference 100
      reference 301             => refused priceRange
      #1 1 buy 1 @ 100          => refused quantityRange
      #2 1 buy 51 @ 100         => refused quantityRange
      #3 1 buy 50 @ 100         => #3 rests 50 [bid 100: 50]
      #4 1 buy 5 @ 301          => refused priceRange
      #5 1 buy 5 @ 111          => refused priceBand
      #6 1 buy 5 @ 89           => refused priceBand
      #7 1 buy 6 @ 90           => #7 rests 6 [bid 90: 6]
      #8 2 buy 4 @ 110          => refused notionalRange
      #9 1 buy 5 @ 100          => refused orderLimit
      #10 1 buy 5 @ 100 ioc     => #10 ends 5 immediateOrCancel
      #11 2 buy 5 stop 301      => refused stopPrice
      #12 2 buy 40 stop 200     => refused notionalRange
      #13 2 sell 3 market       => refused notionalRange
      """, rules: rules)
  }

  /// Each order breaks two rules whose checks follow each other; the earlier one answers.
  @Test("of two broken rules the one checked first is named")
  func order() throws {
    try expect(
      """
      #1 1 buy 10 @ 100              => #1 rests 10 [bid 100: 10]
      #2 1 buy 10 @ 99               => #2 rests 10 [bid 99: 10]
      reference 100                  => reference 100
      halt                           => halted
      #3 1 buy 1 @ 100 show 0 fok post => refused malformed
      amend #9 by 1 5                => refused unknownOrder
      amend #1 by 1 10               => refused nothingToChange
      #4 1 buy 1 @ 100               => refused halted
      cancelOnly                     => cancelOnly
      #5 1 buy 1 @ 100 show 2        => refused cancelOnly
      resume                         => trading
      #6 1 buy 1 @ 100 show 2        => refused quantityRange
      #7 1 buy 2 @ 900 show 3        => refused displayQuantity
      #8 1 buy 2 @ 900 stop 900      => refused priceRange
      #9 1 buy 2 @ 100 stop 900 until 1 => refused stopPrice
      #10 1 buy 2 @ 200 until 1      => refused expiryPassed
      #11 1 buy 2 @ 200              => refused priceBand
      #12 1 buy 2 @ 100              => refused notionalRange
      #13 1 buy 10 @ 100             => refused orderLimit
      #14 2 buy 10 @ 100             => refused capacity
      #15 1 sell 20 @ 100 ioc fok cancelTaker => refused notFillable
      #16 1 sell 20 @ 100 ioc cancelTaker => refused selfTrade
      """, rules: rules, mostOrders: 2)
  }

  @Test("what would not fit 64 bits is refused or ended, never wrapped")
  func overflow() throws {
    let large = Int64.max / 2 + 1
    try expect(
      """
      #1 1 buy \(large) @ 2          => refused notionalRange
      #2 1 sell \(large) @ 1         => #2 rests \(large) [ask 1: \(large)]
      #3 1 sell \(large) @ 1         => refused capacity
      cancel #2 by 1                 => #2 ends \(large) requested [ask 1: 0]
      #4 1 buy 2 @ \(large - 1)      => #4 rests 2 [bid \(large - 1): 2]
      #5 1 buy 4 @ \(large / 2)      => refused notionalRange
      #6 1 buy 3 @ \(large / 2)      => #6 rests 3 [bid \(large / 2): 3]
      #7 2 sell 5 @ 1                => #7 trades 2 @ \(large - 1) with #4 [bid \(large - 1): 0],
                                        #7 ends 3 overLimit
      """)
  }
}
