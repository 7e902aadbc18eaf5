@_exported import CShared

/// One thing that happened because of a command; see `CShared/include/layouts.h`.
///
/// Whatever changes what a price level shows says so in `level_side`, `level_price` and
/// `level_quantity`, so that a follower of the events knows the depth without knowing the rules.
public typealias Event = outcry_event

public enum EventKind: UInt8, Sendable, CaseIterable {
  /// A new order passed every check; what became of it follows.
  case accepted = 1
  /// The subject rests in the book with `remaining`; the level shows its displayed part.
  case rested
  /// Taker (`order_id`) and maker met at `price`; the level is the maker's.
  case trade
  /// An iceberg's next slice went to the back of its level.
  case refilled
  /// The subject left the book with `quantity` unfilled; `reason` says why. A market order by
  /// quote quantity always ends with one, `quoteSpent` meaning that it did all it could.
  case cancelled
  /// The subject's price or quantity changed; the level is the one it rested on before.
  case amended
  /// A stop was reached and acts from here on as the order it carried. (One that waits makes no
  /// event but `accepted`.)
  case triggered
  /// The market state is now `state`.
  case state
  /// The rules were replaced.
  case configured
  /// The reference price is now `price`.
  case reference
}

/// Why an order ended before it was filled.
public enum EndReason: UInt8, Sendable, CaseIterable {
  case none = 0
  case requested
  case cancelledAll
  case immediateOrCancel
  case noLiquidity
  case slippage
  case quoteSpent
  case selfTrade
  case expired
  /// It would have caused more iceberg refills, or a larger sum of quote, than one order may.
  case overLimit
  /// A fill-or-kill stop that was reached and could not be filled whole.
  case notFillable
}

public enum MarketState: UInt8, Sendable, CaseIterable {
  case trading = 1
  case halted
  case cancelOnly
}
