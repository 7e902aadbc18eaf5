import Feed
import Foundation
import Settings
import Wire

/// Follows both channels as a client would: it knows only what the messages say, and notes where
/// they do not follow on from each other.
final class Subscriber {
  private let redis: RedisConnection
  private(set) var bids: [String: String] = [:]
  private(set) var asks: [String: String] = [:]
  private(set) var bookEnd: UInt64?
  private(set) var tradesEnd: UInt64?
  private(set) var tradeIDs: [UInt64] = []
  /// What was said to be missing, and what is without a word, as a node of a cluster may lose it.
  private(set) var gaps = 0
  private(set) var holes = 0
  private(set) var snapshots = 0
  private(set) var faults: [String] = []

  init(_ address: Address) throws {
    redis = try RedisConnection(address, timeout: 30)
    _ = try redis.command("SUBSCRIBE", "{BTC-USD}:trades", "{BTC-USD}:book")
    _ = try redis.receive()
  }

  /// Reads messages until the condition holds.
  func read(until done: (Subscriber) -> Bool) throws {
    while !done(self) {
      guard case .array(let parts) = try redis.receive(), parts.count == 3,
        case .text(let channel) = parts[1], case .text(let message) = parts[2],
        let object = try JSONSerialization.jsonObject(with: Data(message.utf8)) as? [String: Any]
      else {
        faults.append("not a message")
        return
      }
      if channel.hasSuffix(":trades") { readTrades(object) } else { readBook(object) }
    }
  }

  private func number(_ object: [String: Any], _ name: String) -> UInt64 {
    (object[name] as? NSNumber)?.uint64Value ?? 0
  }

  private func readTrades(_ object: [String: Any]) {
    let first = number(object, "firstSequence")
    if let tradesEnd, first > tradesEnd + 1 { holes += 1 }
    tradesEnd = number(object, "lastSequence")
    if object["gap"] != nil { return gaps += 1 }
    for trade in object["trades"] as? [[String: Any]] ?? [] {
      let sequence = number(trade, "sequence")
      if sequence < first || sequence > tradesEnd! { faults.append("trade outside its message") }
      tradeIDs.append(number(trade, "tradeId"))
    }
  }

  private func readBook(_ object: [String: Any]) {
    if object["gap"] != nil {
      bookEnd = nil
      return
    }
    if object["snapshot"] != nil {
      snapshots += 1
      bids = [:]
      asks = [:]
      bookEnd = number(object, "sequence")
    } else {
      let first = number(object, "firstSequence")
      if let bookEnd, first != bookEnd + 1 { faults.append("book: \(first) after \(bookEnd)") }
      bookEnd = number(object, "lastSequence")
    }
    apply(object["bids"], to: &bids)
    apply(object["asks"], to: &asks)
  }

  private func apply(_ levels: Any?, to side: inout [String: String]) {
    for level in levels as? [[String]] ?? [] {
      side[level[0]] = level[1] == "0" ? nil : level[1]
    }
  }

  /// Whether the book it has put together is the one given.
  func holds(_ depth: Depth) -> Bool {
    func text(_ levels: [DepthLevel]) -> [String: String] {
      var side: [String: String] = [:]
      for level in levels {
        side[Exchange.symbol.tick.text(level.price)] = Exchange.symbol.lot.text(level.quantity)
      }
      return side
    }
    return bids == text(depth.bids) && asks == text(depth.asks)
  }
}
