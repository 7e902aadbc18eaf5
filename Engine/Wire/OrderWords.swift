/// The words of the contract for what the wire numbers.
public enum OrderWords {
  @inlinable public static func side(_ side: Side) -> StaticString {
    switch side {
    case .buy: "buy"
    case .sell: "sell"
    }
  }

  @inlinable public static func type(_ type: OrderType) -> StaticString {
    switch type {
    case .limit: "limit"
    case .market: "market"
    case .stop: "stop"
    case .stopLimit: "stop_limit"
    }
  }

  @inlinable public static func timeInForce(_ timeInForce: TimeInForce) -> StaticString {
    switch timeInForce {
    case .goodTillCancelled: "GTC"
    case .immediateOrCancel: "IOC"
    case .fillOrKill: "FOK"
    case .goodTillDate: "GTD"
    }
  }

  @inlinable public static func selfTradePrevention(_ mode: SelfTradePrevention) -> StaticString {
    switch mode {
    case .cancelTaker: "cancel_taker"
    case .cancelMaker: "cancel_maker"
    case .cancelBoth: "cancel_both"
    case .none: "none"
    }
  }

  @inlinable public static func status(_ status: OrderStatus) -> StaticString {
    switch status {
    case .open: "open"
    case .partiallyFilled: "partially_filled"
    case .filled: "filled"
    case .cancelled: "cancelled"
    case .expired: "expired"
    case .pendingTrigger: "pending_trigger"
    }
  }

  /// Nil for an order that was not ended early.
  @inlinable public static func reason(_ reason: EndReason) -> StaticString? {
    switch reason {
    case .none: nil
    case .requested: "requested"
    case .cancelledAll: "cancelled_all"
    case .immediateOrCancel: "immediate_or_cancel"
    case .noLiquidity: "no_liquidity"
    case .slippage: "slippage"
    case .quoteSpent: "quote_spent"
    case .selfTrade: "self_trade"
    case .expired: "expired"
    case .overLimit: "over_limit"
    case .notFillable: "not_fillable"
    }
  }
}
