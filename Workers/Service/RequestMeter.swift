import API
import Glibc
import SharedMemory

/// Counts the answers of one thread. It remembers the numbers of the series it has met, so that a
/// request costs a look into a table and four additions.
final class RequestMeter {
  let lane: WorkerMeter
  private let exchange: ExchangeSegment
  /// By route and status; 0: not met yet. Pages of it that are never needed cost nothing.
  private let answers: UnsafeMutablePointer<UInt16>
  private var codes: [String: Int] = [:]

  private static let statuses = 512
  /// Codes are our own words, but a mistake must not fill the memory.
  private static let mostCodes = 512

  init(_ exchange: ExchangeSegment, _ lane: WorkerMeter) {
    self.exchange = exchange
    self.lane = lane
    let count = RouteName.allCases.count * RequestMeter.statuses
    guard let zeroed = calloc(count, MemoryLayout<UInt16>.size) else {
      preconditionFailure("no memory")
    }
    answers = zeroed.assumingMemoryBound(to: UInt16.self)
  }

  deinit { free(answers) }

  /// A request is about to be answered. What it went through in an engine is counted there.
  func answered(_ journey: Journey, status: Int, at now: Int64) {
    lane.count(series(journey.route, status))
    let kind = WorkerHistogram.request(journey.route.kind, status: status)
    lane.record(kind, nanos: now - journey.startedAt)
    if journey.pushedAt != 0 {
      lane.record(WorkerHistogram.intake, nanos: journey.pushedAt - journey.startedAt)
    }
    if journey.repliedAt != 0 {
      lane.record(WorkerHistogram.reply, nanos: now - journey.repliedAt)
    }
  }

  func refused(_ code: String) {
    if let known = codes[code] { return lane.count(known) }
    let number = exchange.series("code/\(code)".prefixBytes(60))
    if codes.count < RequestMeter.mostCodes { codes[code] = number }
    lane.count(number)
  }

  private func series(_ route: RouteName, _ status: Int) -> Int {
    let status = min(max(status, 0), RequestMeter.statuses - 1)
    let place = answers + (Int(route.rawValue) * RequestMeter.statuses + status)
    if place.pointee == 0 {
      place.pointee = UInt16(exchange.series("http/\(route.label)/\(status)"))
    }
    return Int(place.pointee)
  }
}

extension String {
  fileprivate func prefixBytes(_ count: Int) -> String {
    String(decoding: utf8.prefix(count), as: UTF8.self)
  }
}

extension RouteName {
  /// Whose durations are alike.
  var kind: RequestClass {
    switch self {
    case .placeOrder, .cancel, .amend, .cancelAll: .order
    case .placeBatch: .batch
    case .symbols, .symbol, .book: .market
    case .order, .listOrders, .fills, .trades, .candles, .ticker, .tickers: .history
    case .register, .login, .logout, .createKey, .listKeys, .deleteKey, .account: .account
    case .unknown, .health, .ready, .metrics, .describe, .stream, .accountStream: .other
    case .addSymbol, .changeLimits, .control: .other
    }
  }
}
