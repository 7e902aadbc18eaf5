import API
import Metrics
import SharedMemory

/// `/metrics`: for the whole instance, whichever worker is asked.
extension Handler {
  func metrics(_ inquiry: Inquiry) throws(APIError) {
    try Queries.none(inquiry.query)
    let request = inquiry.request
    let markets = core.ownMarkets
    try slowly(.figures, request) { worker in
      let core = worker.core
      let figures = ExchangeFigures(
        core.exchange,
        symbols: markets.compactMap { market in
          market.segment.map { (market.entry.symbol, $0) }
        })
      worker.handler.succeed(
        200, Exposition.text(figures), type: Exposition.contentType, request)
    }
  }
}
