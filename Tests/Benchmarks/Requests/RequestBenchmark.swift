import API
import Accounts
import Glibc
import Wire

/// One call a figure, so that `main` reads as the list of them.
struct RequestBenchmark {
  private let entry: SymbolEntry
  private let table: SymbolTable
  private let order = Array(
    (#"{"symbol":"BTC-USD","side":"buy","type":"limit","quantity":"0.50000","#
      + #""price":"70000.00","clientOrderId":"client-123456"}"#).utf8)

  /// So often and nothing else, for a program that counts instructions.
  private let repetitions: Int?

  init(repetitions: Int? = nil) {
    self.repetitions = repetitions
    let symbol = Symbol(
      id: 1, name: "BTC-USD", base: "BTC", quote: "USD", tick: Scale(digits: 2, units: 1),
      lot: Scale(digits: 5, units: 1), rules: Rules())
    guard let entry = SymbolEntry(symbol) else { preconditionFailure("a plain symbol") }
    self.entry = entry
    table = SymbolTable([entry])
  }

  /// Runs `body` `count` times, five times over; prints the nanoseconds of one in the best.
  func measure(_ name: String, count: Int, unit: Int = 1, _ body: () -> Void) {
    if let repetitions {
      for _ in 0..<repetitions { body() }
      return
    }
    body()
    var best = UInt64.max
    for _ in 0..<5 {
      let start = now()
      for _ in 0..<count { body() }
      best = min(best, now() - start)
    }
    let each = best / UInt64(count * unit)
    let padded = name + String(repeating: " ", count: max(0, 34 - name.count))
    print("\(padded) \(each) ns")
  }

  private func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  func parseOrder() {
    var sum: Int64 = 0
    order.withUnsafeBytes { body in
      measure("parse a limit order", count: 200_000) {
        let parsed = try? OrderRequest.parse(body) { table.entry(named: $0) }
        sum &+= parsed?.command.terms.price ?? 0
      }
    }
    precondition(sum > 0)
  }

  func parseBatch() {
    let one = String(decoding: order, as: UTF8.self)
    let batch = "{\"orders\":[" + Array(repeating: one, count: 1000).joined(separator: ",") + "]}"
    var sum = 0
    Array(batch.utf8).withUnsafeBytes { body in
      measure("parse one order of a batch of 1000", count: 200, unit: 1000) {
        let parsed = try? OrderRequest.parseBatch(body) { table.entry(named: $0) }
        sum += parsed?.count ?? 0
      }
    }
    precondition(sum > 0)
  }

  func formatOrder() {
    var answer = Answer()
    answer.order_id = 1 << 40 | 123_456
    answer.side = 1
    answer.type = 1
    answer.time_in_force = 1
    answer.status = OrderStatus.partiallyFilled.rawValue
    answer.terms.price = 7_000_000
    answer.terms.quantity = 50_000
    answer.filled = 20_000
    answer.remaining = 30_000
    answer.filled_quote = 6_999_950 * 20_000
    answer.created_at = 1_790_000_000_000_000
    answer.sequence = 123_456
    answer.order_flags = OrderFlags.clientKey.rawValue
    answer.key_length = 13
    withUnsafeMutableBytes(of: &answer.key) { $0.copyBytes(from: "client-123456".utf8) }
    let fills = [Fill(trade_id: 9, price: 6_999_950, quantity: 20_000, counter_order_id: 77)]
    var output = JSONOutput()
    fills.withUnsafeBufferPointer { fills in
      measure("write an order with one fill", count: 200_000) {
        output.clear()
        output.order(answer, fills: fills, entry: entry)
      }
    }
  }

  func formatBook() {
    let levels = (0..<50).map { outcry_level(price: 7_000_000 - $0, quantity: 50_000 + $0) }
    var output = JSONOutput()
    levels.withUnsafeBufferPointer { levels in
      measure("write a book of 2 x 50 levels", count: 20_000) {
        output.clear()
        output.book(entry, sequence: 5, time: 1, bids: levels, asks: levels)
      }
    }
  }

  func findToken() {
    let master = MasterKey(bytes: [UInt8](repeating: 7, count: 32))
    let check = Authenticator(master: master, cache: CredentialCache())
    let header = Array("Bearer \(Token(master).text)".utf8)
    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
    header.withUnsafeBytes { header in
      let request = RequestCredentials(
        authorization: header, method: nothing, target: nothing, body: nothing)
      guard case .unknown(let credential) = check.check(request, now: 1) else {
        preconditionFailure("a genuine token")
      }
      measure("check a token not in the cache", count: 100_000) {
        _ = check.check(request, now: 1)
      }
      let identity = Identity(account: 5, mayTrade: true)
      check.cache.insert(credential.id, identity, check.cache.ticket())
      measure("find a token in the cache", count: 200_000) {
        _ = check.check(request, now: 1)
      }
    }
  }

  func verifySignature() {
    let master = MasterKey(bytes: [UInt8](repeating: 7, count: 32))
    let check = Authenticator(master: master, cache: CredentialCache())
    let key = APIKey(master)
    let signature = Signature.make(
      secret: key.secret, timestamp: "1790000000000", method: "POST", target: "/api/orders",
      body: order)
    let id = Stored(key.key), sent = Stored(signature), time = Stored("1790000000000")
    let method = Stored("POST"), target = Stored("/api/orders")
    order.withUnsafeBytes { body in
      let request = RequestCredentials(
        authorization: nil, apiKey: id.bytes, signature: sent.bytes, timestamp: time.bytes,
        method: method.bytes, target: target.bytes, body: body)
      measure("verify a signed request", count: 50_000) {
        _ = check.check(request, now: 1_790_000_000_000_000)
      }
    }
  }

  func hashPassword() {
    measure("hash a password", count: 1) {
      _ = try? Password.interactive.hash("correct horse battery")
    }
  }
}

/// Text at an address that stays, as request parameters have it.
private final class Stored {
  let bytes: UnsafeRawBufferPointer

  init(_ text: String) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: text.utf8.count, alignment: 1)
    copy.copyBytes(from: text.utf8)
    bytes = UnsafeRawBufferPointer(copy)
  }

  deinit { bytes.deallocate() }
}
