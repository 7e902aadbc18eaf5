import API
import FastCGI
import Settings
import SharedMemory
import Synchronization

/// A line for every request that failed on our side, with its id. A fault that hits every request
/// must not fill the disk: beyond so many lines a second the rest is counted.
final class ErrorLog: Sendable {
  private struct Window {
    var second: Int64 = 0
    var lines = 0
    var left = 0
  }

  private static let linesASecond = 20
  private let log: Log
  private let exchange: ExchangeSegment
  private let window = Mutex(Window())

  init(_ log: Log, _ exchange: ExchangeSegment) {
    self.log = log
    self.exchange = exchange
  }

  func record(_ error: APIError, _ request: Request, _ journey: Journey) {
    guard error.status >= 500 else { return }
    write { left in
      log.warning(
        "request failed",
        [
          "requestId": text(request, "REQUEST_ID"), "traceId": traceID(journey),
          "symbol": symbol(journey), "method": text(request, "REQUEST_METHOD"),
          "path": path(request), "status": error.status, "code": error.code,
          "cause": error.message, "notLogged": left,
        ])
    }
  }

  /// A request that took too long, with how long it was where, as far as it came.
  func recordSlow(_ request: Request, _ journey: Journey, status: Int, at now: Int64) {
    func milliseconds(_ start: Int64, _ end: Int64) -> Double? {
      start == 0 || end == 0 ? nil : Double((end - start) / 1000) / 1000
    }
    write { left in
      log.warning(
        "slow request",
        [
          "requestId": text(request, "REQUEST_ID"), "traceId": traceID(journey),
          "symbol": symbol(journey), "method": text(request, "REQUEST_METHOD"),
          "path": path(request), "route": journey.route.label, "status": status,
          "milliseconds": milliseconds(journey.startedAt, now),
          "intakeMilliseconds": milliseconds(journey.startedAt, journey.pushedAt),
          "ringMilliseconds": milliseconds(journey.pushedAt, journey.takenAt),
          "engineMilliseconds": milliseconds(journey.takenAt, journey.repliedAt),
          "replyMilliseconds": milliseconds(journey.repliedAt, now),
          "notLogged": left,
        ])
    }
  }

  private func traceID(_ journey: Journey) -> String? {
    journey.trace.isPresent ? journey.trace.traceText : nil
  }

  private func symbol(_ journey: Journey) -> String? {
    journey.symbol == 0 ? nil : exchange.symbol(id: journey.symbol)?.name
  }

  func record(_ message: String, cause: String) {
    write { left in log.error(message, ["cause": cause, "notLogged": left]) }
  }

  private func write(_ line: (Int) -> Void) {
    let second = Clock.monotonicNanos() / 1_000_000_000
    let left: Int? = window.withLock { window in
      if window.second != second {
        window.second = second
        window.lines = 0
      }
      guard window.lines < ErrorLog.linesASecond else {
        window.left += 1
        return nil
      }
      window.lines += 1
      defer { window.left = 0 }
      return window.left
    }
    if let left { line(left) }
  }

  /// Without the query, which is the client's business.
  private func path(_ request: Request) -> String {
    String(text(request, "REQUEST_URI").prefix { $0 != "?" })
  }

  private func text(_ request: Request, _ name: StaticString) -> String {
    request.parameter(name).map { String(decoding: $0.prefix(200), as: UTF8.self) } ?? ""
  }
}
