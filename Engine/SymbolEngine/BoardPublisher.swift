import SharedMemory
import Wire

/// Keeps the committed depth and shows it on the symbol's board.
struct BoardPublisher {
  private let writer: BoardWriter
  private var bids = DepthLadder(side: .buy)
  private var asks = DepthLadder(side: .sell)
  /// The best levels of each side, best first, as the board wants them.
  private let shownBids = UnsafeMutableBufferPointer<BoardLevel>.allocate(
    capacity: Board.levelCapacity)
  private let shownAsks = UnsafeMutableBufferPointer<BoardLevel>.allocate(
    capacity: Board.levelCapacity)
  private var bidsChanged = false
  private var asksChanged = false

  init(writer: BoardWriter) { self.writer = writer }

  mutating func apply(_ events: UnsafeBufferPointer<Event>) {
    for event in events {
      guard let side = Side(rawValue: event.level_side) else { continue }
      setLevel(side, price: event.level_price, quantity: event.level_quantity)
    }
  }

  mutating func setLevel(_ side: Side, price: Int64, quantity: Int64) {
    if side == .buy {
      bids.set(price: price, quantity: quantity)
      bidsChanged = true
    } else {
      asks.set(price: price, quantity: quantity)
      asksChanged = true
    }
  }

  mutating func publish(sequence: UInt64, time: Int64, market: Market) {
    if bidsChanged { bids.copyBest(into: shownBids) }
    if asksChanged { asks.copyBest(into: shownAsks) }
    bidsChanged = false
    asksChanged = false
    var summary = BoardSummary()
    summary.sequence = sequence
    summary.time = time
    summary.state = market.state.rawValue
    summary.reference_price = market.referencePrice
    summary.open_orders = UInt64(market.openOrders)
    if let trade = market.lastTrade {
      summary.last_trade_id = trade.id
      summary.last_price = trade.price
      summary.last_quantity = trade.quantity
      summary.last_time = trade.time
      summary.last_side = trade.side?.rawValue ?? 0
    }
    summary.best_bid_price = bids.levels.last?.price ?? 0
    summary.best_bid_quantity = bids.levels.last?.quantity ?? 0
    summary.best_ask_price = asks.levels.last?.price ?? 0
    summary.best_ask_quantity = asks.levels.last?.quantity ?? 0
    summary.bid_levels = UInt32(bids.levels.count)
    summary.ask_levels = UInt32(asks.levels.count)
    writer.publish(
      summary, bids: shown(shownBids, bids.levels.count),
      asks: shown(shownAsks, asks.levels.count))
  }

  private func shown(_ levels: UnsafeMutableBufferPointer<BoardLevel>, _ count: Int)
    -> UnsafeBufferPointer<BoardLevel>
  {
    UnsafeBufferPointer(rebasing: levels[..<min(count, levels.count)])
  }
}
