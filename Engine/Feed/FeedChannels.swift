import Glibc
import Wire

/// The names under which a symbol is found in Redis. The braces are a hash tag: a cluster keeps
/// all of one symbol's names on one node.
struct FeedChannels {
  let trades: [UInt8]
  let book: [UInt8]
  let ticker: [UInt8]
  let depth: [UInt8]
  let account: [UInt8]
  /// In the order of `CandleInterval.allCases`.
  let candles: [[UInt8]]

  init(symbol: String) {
    func name(_ what: String) -> [UInt8] { Array("{\(symbol)}:\(what)".utf8) }
    trades = name("trades")
    book = name("book")
    ticker = name("ticker")
    depth = name("depth")
    account = name("account")
    candles = CandleInterval.allCases.map { name("candles.\($0.name)") }
  }
}

extension RedisConnection {
  func publish(_ message: [UInt8], on channel: [UInt8]) { send("PUBLISH", channel, message) }

  func send(_ verb: StaticString, _ name: [UInt8], _ value: [UInt8]) {
    let word = UnsafeRawBufferPointer(start: verb.utf8Start, count: verb.utf8CodeUnitCount)
    name.withUnsafeBytes { name in
      value.withUnsafeBytes { value in append(word, name, value) }
    }
  }
}

package func monotonicNanoseconds() -> Int64 {
  var now = timespec()
  clock_gettime(CLOCK_MONOTONIC, &now)
  return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
}

func realMicroseconds() -> Int64 {
  var now = timespec()
  clock_gettime(CLOCK_REALTIME, &now)
  return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
}
