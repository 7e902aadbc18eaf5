import API
import Accounts
import SharedMemory
import Synchronization

/// How often an account may ask. It holds for all worker processes together.
final class AccountLimits: Sendable {
  private let limiter: RateLimiter?
  private let requests: Int
  private let orders: Int
  private let count = Atomic<UInt64>(0)

  /// A rate of 0 is no limit; with neither nothing is counted.
  init(_ exchange: ExchangeSegment, requests: Int, orders: Int) throws(SegmentError) {
    self.requests = requests
    self.orders = orders
    limiter = requests > 0 || orders > 0 ? try exchange.rateLimiter() : nil
  }

  var allowance: AccountAllowance {
    AccountAllowance(keys: AccountStore.mostKeys, requests: requests, orders: orders)
  }

  /// Requests refused so far.
  var refused: UInt64 { count.load(ordering: .relaxed) }

  func admitRequest(of account: UInt64) throws(APIError) {
    guard requests > 0, let limiter else { return }
    try refuse(limiter.take(1, .requests, of: account, rate: requests), "requests")
  }

  /// To be asked before any of the orders goes to an engine: all of them, or none.
  func admitOrders(_ number: Int, of account: UInt64) throws(APIError) {
    guard orders > 0, let limiter else { return }
    try refuse(limiter.take(number, .orders, of: account, rate: orders), "orders")
  }

  private func refuse(_ wait: Int64, _ what: String) throws(APIError) {
    guard wait > 0 else { return }
    count.add(1, ordering: .relaxed)
    throw APIError(
      429, "rate_limit", "too many \(what) of this account",
      retryAfter: Int((wait + 999_999) / 1_000_000))
  }
}
