@_exported import CShared

/// The limits of a symbol, in its own ticks and lots; zero means "no limit".
public typealias Rules = outcry_rules

/// What an order asks for, in ticks and lots; zero means "not given".
public typealias Terms = outcry_terms

/// Some of a symbol's limits, as a `configure` names those that it sets.
public struct Limits: OptionSet, Sendable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let minQuantity = Limits(rawValue: 1)
  public static let maxQuantity = Limits(rawValue: 2)
  public static let minNotional = Limits(rawValue: 4)
  public static let maxNotional = Limits(rawValue: 8)
  public static let maxPrice = Limits(rawValue: 16)
  public static let priceBand = Limits(rawValue: 32)
  public static let slippage = Limits(rawValue: 64)
  public static let maxOpenOrders = Limits(rawValue: 128)
  public static let all = Limits(rawValue: .max)
}

extension Rules {
  /// These with some of their limits as other rules have them.
  public func taking(_ limits: Limits, from other: Rules) -> Rules {
    var result = self
    if limits.contains(.minQuantity) { result.min_quantity = other.min_quantity }
    if limits.contains(.maxQuantity) { result.max_quantity = other.max_quantity }
    if limits.contains(.minNotional) { result.min_notional = other.min_notional }
    if limits.contains(.maxNotional) { result.max_notional = other.max_notional }
    if limits.contains(.maxPrice) { result.max_price = other.max_price }
    if limits.contains(.priceBand) { result.price_band_bps = other.price_band_bps }
    if limits.contains(.slippage) { result.slippage_bps = other.slippage_bps }
    if limits.contains(.maxOpenOrders) { result.max_open_orders = other.max_open_orders }
    return result
  }

  /// Whether no order inside the limits has a quote amount beyond 64 bits.
  public var isQuoteBounded: Bool {
    !max_price.multipliedReportingOverflow(by: max_quantity).overflow
  }
}
