import Wire

/// One public stream, as clients write it: `trades.BTC-USD`, `candles.1m.BTC-USD`.
public struct StreamName: Hashable, Sendable {
  public var text: String
  public var symbol: String

  /// More than a page needs, and far below what nginx can join into one connection (255).
  public static let mostInOneConnection = 100

  init(_ text: String) throws(APIError) {
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    var symbol = parts.count == 2 ? parts[1] : ""
    switch parts[0] {
    case "trades", "book", "ticker": break
    case "candles":
      let halves = symbol.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
      guard halves.count == 2, CandleInterval(name: halves[0]) != nil else {
        throw StreamName.unknown(text)
      }
      symbol = halves[1]
    default: throw StreamName.unknown(text)
    }
    guard SymbolEntry.isName(String(symbol)) else { throw StreamName.unknown(text) }
    self.text = text
    self.symbol = String(symbol)
  }

  static func unknown(_ text: String) -> APIError {
    APIError(
      400, "unknown_stream",
      "no stream is named \(APIError.shortened(text)); there are trades.SYMBOL, book.SYMBOL, "
        + "ticker.SYMBOL and candles.INTERVAL.SYMBOL with 1s, 1m, 5m, 15m, 1h or 1d",
      field: "streams")
  }
}

/// The parameters of a request for streams.
public struct StreamsQuery: Equatable, Sendable {
  /// Each once, in one order: connections with the same streams share what nginx keeps of them.
  public var streams: [StreamName]
  /// Of an account's stream only.
  public var token: String?

  public init(_ text: UnsafeRawBufferPointer, ofAccount: Bool) throws(APIError) {
    let query = try QueryString(text, known: ofAccount ? ["streams", "token"] : ["streams"])
    token = query["token"]
    guard let list = query["streams"] else {
      guard ofAccount else { throw .missing("streams") }
      streams = []
      return
    }
    var found: Set<StreamName> = []
    for name in list.split(separator: "/", omittingEmptySubsequences: false) {
      found.insert(try StreamName(String(name)))
    }
    guard found.count <= StreamName.mostInOneConnection else {
      throw .invalid(
        "streams", "must be at most \(StreamName.mostInOneConnection) in one connection")
    }
    streams = found.sorted { $0.text < $1.text }
  }
}
