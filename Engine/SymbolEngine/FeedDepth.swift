import Feed
import SharedMemory

extension Depth {
  /// Takes over what the board shows; false while it shows nothing.
  mutating func read(_ board: Board) -> Bool {
    withUnsafeTemporaryAllocation(of: BoardLevel.self, capacity: 2 * Board.levelCapacity) {
      let shownBids = UnsafeMutableBufferPointer(rebasing: $0[..<Board.levelCapacity])
      let shownAsks = UnsafeMutableBufferPointer(rebasing: $0[Board.levelCapacity...])
      guard let found = board.read(bids: shownBids, asks: shownAsks) else { return false }
      sequence = found.summary.sequence
      time = found.summary.time
      lastPrice = found.summary.last_price
      bids.replaceAll(with: shownBids.prefix(found.bids))
      asks.replaceAll(with: shownAsks.prefix(found.asks))
      return true
    }
  }
}

extension [DepthLevel] {
  fileprivate mutating func replaceAll(with levels: some Sequence<BoardLevel>) {
    removeAll(keepingCapacity: true)
    for level in levels { append(DepthLevel(price: level.price, quantity: level.quantity)) }
  }
}
