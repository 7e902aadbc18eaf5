import OrderBook
import SymbolState
import Wire

/// A symbol's market at one moment, for people to look at and for boards to be compared with.
public struct BookPicture: Sendable {
  public var sequence: UInt64
  public var time: Int64
  public var state: MarketState
  public var referencePrice: Int64
  public var lastTrade: LastTrade
  /// Best first, as many as were asked for.
  public var bids: [DepthLevel]
  public var asks: [DepthLevel]
  public var bidLevels: Int
  public var askLevels: Int
  public var openOrders: Int
  /// Of the whole state, idempotency keys included.
  public var stateHash: UInt64

  public init(of state: borrowing SymbolState, depth: Int) {
    sequence = state.sequence
    time = state.time
    self.state = state.book.state
    referencePrice = state.book.referencePrice
    lastTrade = state.book.lastTrade
    bids = state.book.depth(.buy, levels: depth)
    asks = state.book.depth(.sell, levels: depth)
    bidLevels = state.book.levelCount(.buy)
    askLevels = state.book.levelCount(.sell)
    openOrders = state.book.openOrders
    stateHash = state.hash
  }
}
