import Wire

/// What a run of committed events means for subscribers: every trade, and of every level what it
/// shows at the end.
struct FeedBatch {
  private(set) var trades: [Event] = []
  private var bids: [Int64: Int64] = [:]
  private var asks: [Int64: Int64] = [:]
  private(set) var time: Int64 = 0

  var changesDepth: Bool { !bids.isEmpty || !asks.isEmpty }

  /// Levels up to the sequence given are in a snapshot that was sent already.
  mutating func absorb(_ events: [Event], levelsAfter snapshot: UInt64) {
    for event in events {
      time = event.time
      if event.kind == EventKind.trade.rawValue { trades.append(event) }
      guard event.sequence > snapshot else { continue }
      if event.level_side == Side.buy.rawValue {
        bids[event.level_price] = event.level_quantity
      } else if event.level_side == Side.sell.rawValue {
        asks[event.level_price] = event.level_quantity
      }
    }
  }

  mutating func removeAll() {
    trades.removeAll(keepingCapacity: true)
    bids.removeAll(keepingCapacity: true)
    asks.removeAll(keepingCapacity: true)
  }

  /// Best first, as in a snapshot.
  func changedBids() -> [DepthLevel] {
    bids.map { DepthLevel(price: $0.key, quantity: $0.value) }.sorted { $0.price > $1.price }
  }

  func changedAsks() -> [DepthLevel] {
    asks.map { DepthLevel(price: $0.key, quantity: $0.value) }.sorted { $0.price < $1.price }
  }
}
