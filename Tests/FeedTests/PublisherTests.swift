import Feed
import Foundation
import Settings
import TestSupport
import Testing
import Wire

@Suite("The publisher", .serialized)
struct PublisherTests {
  let server = TestRedis()
  var address: Address { .unix(path: server.socket) }

  @Test("lets a subscriber put the book and every trade together")
  func follow() throws {
    let subscriber = try Subscriber(address)
    let exchange = Exchange(address)
    try expectEverything(of: exchange, subscriber)
  }

  @Test("keeps the newest depth and ticker as keys")
  func keys() throws {
    let exchange = Exchange(address)
    var random = SystemRandomNumberGenerator()
    for _ in 0..<500 { exchange.step(using: &random) }
    #expect(exchange.finish())
    func object(_ key: String) throws -> [String: Any] {
      let text = server.command(["GET", key])
      return try #require(
        try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }
    let depth = try object("{BTC-USD}:depth")
    #expect(depth["sequence"] as? Int == 500)
    let best = (depth["bids"] as? [[String]])?.first
    let bid = try #require(exchange.depth.bids.first)
    #expect(best == [Exchange.symbol.tick.text(bid.price), Exchange.symbol.lot.text(bid.quantity)])
    let ticker = try object("{BTC-USD}:ticker")
    #expect(ticker["bid"] as? String == best?[0])
    #expect(ticker["last"] as? String == Exchange.symbol.tick.text(exchange.depth.lastPrice))
  }

  @Test("never holds up the one who offers while Redis hangs, and then tells what is missing")
  func slow() throws {
    let subscriber = try Subscriber(address)
    let exchange = Exchange(address, inboxCapacity: 2000)
    try subscriber.read { $0.snapshots == 1 }
    server.pause()
    var random = SystemRandomNumberGenerator()
    let strain = Strain()
    defer { strain.stop() }
    let began = monotonicSeconds()
    for _ in 0..<20_000 { exchange.step(using: &random) }
    #expect(monotonicSeconds() - began < strain.allowance(3))
    let gaveUp = eventually {
      exchange.step(using: &random)
      return exchange.losses > 0
    }
    #expect(gaveUp)
    server.resume()
    try expectRecovery(of: exchange, subscriber)
    #expect(subscriber.gaps > 0)
    #expect(subscriber.holes == 0)
  }

  @Test("resumes with a snapshot after Redis was away")
  func away() throws {
    let exchange = Exchange(address)
    var random = SystemRandomNumberGenerator()
    server.stop()
    for _ in 0..<3000 { exchange.step(using: &random) }
    server.start()
    let subscriber = try Subscriber(address)
    try expectRecovery(of: exchange, subscriber)
  }

  @Test("tells the newest candles after every gap, also when nothing is traded any more")
  func candles() throws {
    let known = Candle(.minute, price: 105, quantity: 3, time: 90_000_000)
    let subscriber = try RedisConnection(address, timeout: 30)
    _ = try subscriber.command("SUBSCRIBE", "{BTC-USD}:candles.1m")
    func expectGapAndCandle() throws {
      #expect(try message(subscriber)["gap"] as? Bool == true)
      let candle = try message(subscriber)
      #expect(candle["time"] as? Int64 == known.start)
      #expect(candle["trades"] as? Int64 == 1)
    }
    let exchange = Exchange(address, position: 5, history: MarketHistory(newest: [known]))
    try expectGapAndCandle()
    server.pause()
    var random = SystemRandomNumberGenerator()
    let gaveUp = eventually {
      exchange.step(using: &random, trading: false)
      return exchange.losses > 0
    }
    #expect(gaveUp)
    server.resume()
    try expectGapAndCandle()
    #expect(exchange.finish())
  }

  @Test("tells them too when the gap is only what found no room")
  func candlesAfterNoRoom() throws {
    let known = Candle(.minute, price: 105, quantity: 3, time: 90_000_000)
    let subscriber = try RedisConnection(address, timeout: 30)
    _ = try subscriber.command("SUBSCRIBE", "{BTC-USD}:candles.1m")
    let exchange = Exchange(
      address, position: 5, history: MarketHistory(newest: [known]), inboxCapacity: 10)
    #expect(try message(subscriber)["gap"] as? Bool == true)
    #expect(try message(subscriber)["time"] as? Int64 == known.start)
    var random = SystemRandomNumberGenerator()
    for _ in 0..<1000 { exchange.step(using: &random, trading: false) }
    #expect(try message(subscriber)["gap"] as? Bool == true)
    var next = try message(subscriber)
    while next["gap"] != nil { next = try message(subscriber) }
    #expect(next["time"] as? Int64 == known.start)
    #expect(exchange.losses == 0)
    #expect(exchange.finish())
  }

  private func message(_ subscriber: RedisConnection) throws -> [String: Any] {
    guard case .array(let parts) = try subscriber.receive(), parts.count == 3,
      case .text(let text) = parts[2]
    else { return [:] }
    return try #require(
      try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }
}

/// The subscriber is told all of 20,000 commands, and can put the book and every trade together.
func expectEverything(of exchange: Exchange, _ subscriber: Subscriber) throws {
  // The first snapshot tells that the stream has begun.
  try subscriber.read { $0.snapshots == 1 }
  var random = SystemRandomNumberGenerator()
  for _ in 0..<20_000 { exchange.step(using: &random) }
  let trades = exchange.trades.load(ordering: .relaxed)
  try subscriber.read { $0.tradeIDs.last == trades && $0.holds(exchange.depth) }
  #expect(subscriber.tradeIDs == Array(1...trades))
  #expect(subscriber.faults == [])
  #expect(subscriber.gaps == 0)
  #expect(subscriber.holes == 0)
  #expect(exchange.finish())
}

/// Whatever was lost, the subscriber ends with the right book and knows of every hole.
func expectRecovery(of exchange: Exchange, _ subscriber: Subscriber) throws {
  var random = SystemRandomNumberGenerator()
  for _ in 0..<2000 { exchange.step(using: &random) }
  // Two steps a millisecond until the subscriber has caught up with a last trade.
  var last: UInt64 = 0
  while exchange.trades.load(ordering: .relaxed) == last || last == 0 {
    last = exchange.trades.load(ordering: .relaxed)
    exchange.step(using: &random)
  }
  let sequence = exchange.sequence.load(ordering: .relaxed)
  try subscriber.read { ($0.bookEnd ?? 0) >= sequence && ($0.tradesEnd ?? 0) >= sequence }
  #expect(subscriber.holds(exchange.depth))
  #expect(subscriber.faults == [])
  #expect(Set(subscriber.tradeIDs).count == subscriber.tradeIDs.count)
  #expect(exchange.finish())
}
