import SharedMemory
import Wire

/// One side's price levels as they were committed, best last, so that what changes most costs
/// least to move.
///
/// The book is already ahead when a batch is committed; this copy is kept from the events alone.
struct DepthLadder {
  private let side: Side
  private(set) var levels: [BoardLevel] = []

  init(side: Side) {
    self.side = side
    levels.reserveCapacity(4096)
  }

  /// A level now shows `quantity`; zero takes it away.
  mutating func set(price: Int64, quantity: Int64) {
    let index = position(of: price)
    let isThere = index < levels.count && levels[index].price == price
    switch (isThere, quantity > 0) {
    case (true, true): levels[index].quantity = quantity
    case (true, false): levels.remove(at: index)
    case (false, true): levels.insert(BoardLevel(price: price, quantity: quantity), at: index)
    case (false, false): break
    }
  }

  /// The best levels, best first, as many as there are and as fit.
  func copyBest(into buffer: UnsafeMutableBufferPointer<BoardLevel>) {
    for index in 0..<min(buffer.count, levels.count) {
      buffer[index] = levels[levels.count - 1 - index]
    }
  }

  /// The first index whose level is at least as good as the price. Searches backwards in growing
  /// steps first: nearly every change is close to the best price.
  private func position(of price: Int64) -> Int {
    var high = levels.count
    var step = 1
    while high > 0, !isWorse(levels[max(0, high - step)].price, than: price) {
      high = max(0, high - step)
      step *= 2
    }
    var low = high == 0 ? 0 : max(0, high - step)
    while low < high {
      let middle = (low + high) / 2
      if isWorse(levels[middle].price, than: price) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private func isWorse(_ price: Int64, than other: Int64) -> Bool {
    side == .buy ? price < other : price > other
  }
}
