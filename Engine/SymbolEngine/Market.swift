import OrderBook
import Wire

/// How a market stands besides its depth, as the board shows it.
struct Market {
  var state = MarketState.trading
  var referencePrice: Int64 = 0
  var lastTrade: LastTrade?
  var openOrders = 0

  init() {}

  init(of book: borrowing OrderBook) {
    state = book.state
    referencePrice = book.referencePrice
    lastTrade = book.lastTrade
    openOrders = book.openOrders
  }
}
