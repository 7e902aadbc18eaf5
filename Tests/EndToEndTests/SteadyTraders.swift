import Foundation
import Synchronization
import TestSupport
import Testing

/// Traders who place and cancel, one request after the other, and ask again with the same key
/// until they have an answer.
final class SteadyTraders: Sendable {
  struct Attempt {
    var sent: Double
    var answered: Double
    var status: Int
    var retryAfter: String?
  }

  struct Order {
    var id: Int
    var sequence: Int
    var isCancelled = false
  }

  private struct Log {
    var attempts: [Attempt] = []
    var orders: [String: Order] = [:]
    var running = 0
  }

  let clients: [Client]
  private let strain = Strain()
  private let symbol: String
  private let log = Mutex(Log())
  private let isOver = Atomic(false)

  init(_ exchange: Exchange, traders: Int, symbol: String = "BTC-USD") throws {
    self.symbol = symbol
    clients = try (0..<traders).map { _ in try exchange.trader() }
    log.withLock { $0.running = traders }
    for (number, client) in clients.enumerated() {
      Thread { [self] in
        trade(client, "t\(number)")
        log.withLock { $0.running -= 1 }
      }.start()
    }
  }

  var attempts: [Attempt] { log.withLock(\.attempts) }
  /// By client order id.
  var orders: [String: Order] { log.withLock(\.orders) }
  var acknowledged: Int { log.withLock(\.orders.count) }

  /// Returns when every request under way has its answer.
  func stop() {
    isOver.store(true, ordering: .relaxed)
    #expect(eventually { log.withLock(\.running) == 0 })
    strain.stop()
  }

  /// So long may take here what takes that many seconds where nothing else is done.
  func allowance(_ seconds: Double) -> Double { strain.allowance(seconds) }

  /// No request failed, and none waited for longer than so many seconds of a machine that has
  /// little else to do. One so busy that the limit lies behind a request's own deadline may let
  /// that pass: then nothing was done, and the trader asked again.
  func expectServed(within seconds: Double) {
    let limit = strain.allowance(seconds)
    let bad = attempts.filter { attempt in
      let wait = attempt.answered - attempt.sent
      let isLate = wait > 0.85 * SteadyTraders.deadline && limit > SteadyTraders.deadline
      return attempt.status != 200 && !(isLate && [503, 504].contains(attempt.status))
    }
    #expect(bad.isEmpty, "\(bad.prefix(5))")
    let slowest = attempts.map { $0.answered - $0.sent }.max() ?? 0
    #expect(slowest < limit, "a request took \(slowest) s")
  }

  /// What `request_deadline_ms` is by default.
  private static let deadline = 5.0

  private func trade(_ client: Client, _ name: String) {
    var number = 0
    while !isOver.load(ordering: .relaxed) {
      number += 1
      let key = "\(name)-\(number)"
      let side = number % 5 == 0 ? "sell" : "buy"
      let price = "\(100 + number % 50).00"
      let placed = ask { client.place(side, "1", at: price, symbol: symbol, key: key) }
      // It would only have met the trader's own.
      if placed.status == 422 { continue }
      guard let id = placed["orderId"] as? Int, let sequence = placed["sequence"] as? Int else {
        Issue.record("\(placed)")
        return
      }
      log.withLock { $0.orders[key] = Order(id: id, sequence: sequence) }
      guard number % 3 == 0, placed["status"] as? String == "open" else { continue }
      // It may have been filled meanwhile.
      let cancelled = ask {
        client.send(
          "DELETE", "/api/orders/\(id)", nil, headers: ["Idempotency-Key": "c-\(key)"])
      }
      if cancelled.status == 200 { log.withLock { $0.orders[key]?.isCancelled = true } }
    }
  }

  private func ask(_ call: () -> Client.Answer) -> Client.Answer {
    while true {
      let sent = monotonicSeconds()
      let answer = call()
      let isAnswer = [200, 201, 404, 422].contains(answer.status)
      log.withLock {
        $0.attempts.append(
          Attempt(
            sent: sent, answered: monotonicSeconds(), status: isAnswer ? 200 : answer.status,
            retryAfter: answer.raw.header("Retry-After")))
      }
      if isAnswer { return answer }
      pause(microseconds: 200_000)
    }
  }
}
