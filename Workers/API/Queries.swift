import Wire

/// The parameters of each call that has some.
public enum Queries {
  static let largestID: UInt64 = 1 << 53 - 1

  /// `GET /api/book/{symbol}?depth=`.
  public static func bookDepth(_ text: UnsafeRawBufferPointer) throws(APIError) -> Int {
    guard !text.isEmpty else { return 50 }
    return Int(try QueryString(text, known: ["depth"]).integer("depth", in: 1...1000) ?? 50)
  }

  /// A call without a body: an empty one, or an empty object.
  public static func noBody(_ body: UnsafeRawBufferPointer) throws(APIError) {
    if !body.isEmpty { _ = try ObjectFields(body, allowed: []) }
  }

  /// A call without parameters.
  public static func none(_ text: UnsafeRawBufferPointer) throws(APIError) {
    _ = try QueryString(text, known: [])
  }

  /// `DELETE /api/orders?symbol=`.
  public static func symbol(_ text: UnsafeRawBufferPointer) throws(APIError) -> String? {
    try QueryString(text, known: ["symbol"])["symbol"]
  }
}

/// `limit` and `before`: a page of at most `limit` rows with ids below `before`, newest first.
public struct Page: Equatable, Sendable {
  public var limit = 100
  public var before: UInt64?

  static let parameters = ["limit", "before"]

  init(_ query: QueryString) throws(APIError) {
    limit = Int(try query.integer("limit", in: 1...1000) ?? 100)
    before = try query.integer("before", in: 1...Queries.largestID)
  }

  /// `GET /api/trades/{symbol}`.
  public static func trades(_ text: UnsafeRawBufferPointer) throws(APIError) -> Page {
    try Page(try QueryString(text, known: parameters))
  }
}

/// `GET /api/candles/{symbol}?interval=&limit=&before=`: those that began before `before`.
public struct CandlesQuery: Equatable, Sendable {
  public var interval = CandleInterval.minute
  public var page: Page

  public init(_ text: UnsafeRawBufferPointer) throws(APIError) {
    let query = try QueryString(text, known: ["interval"] + Page.parameters)
    if let name = query["interval"] {
      guard let found = CandleInterval(name: name) else {
        throw .invalid("interval", "must be one of 1s, 1m, 5m, 15m, 1h, 1d")
      }
      interval = found
    }
    page = try Page(query)
  }
}

/// A trade's place among those of all symbols, in one integer below 2^53.
public enum TradeCursor {
  private static let symbolShift: UInt64 = 40

  public static func make(symbol: UInt32, trade: UInt64) -> UInt64 {
    UInt64(symbol) << symbolShift | trade
  }

  public static func parts(_ cursor: UInt64) -> (symbol: UInt32, trade: UInt64) {
    (UInt32(truncatingIfNeeded: cursor >> symbolShift), cursor & (1 << symbolShift - 1))
  }
}

/// `GET /api/fills?symbol=&limit=&before=`. With a symbol, `before` is one of its trade ids;
/// without, it is the `next` of the page before, which names the symbol too.
public struct FillsQuery: Equatable, Sendable {
  public var symbol: String?
  public var page: Page

  public init(_ text: UnsafeRawBufferPointer) throws(APIError) {
    let query = try QueryString(text, known: ["symbol"] + Page.parameters)
    symbol = query["symbol"]
    page = try Page(query)
  }
}

/// `GET /api/orders?symbol=&status=open|closed|all&clientOrderId=&limit=&before=`.
public struct OrdersQuery: Equatable, Sendable {
  public enum Status: String, Sendable, CaseIterable {
    case open, closed, all
  }

  public var symbol: String?
  public var status = Status.all
  public var clientOrderId: String?
  public var page: Page

  public init(_ text: UnsafeRawBufferPointer) throws(APIError) {
    let query = try QueryString(
      text, known: ["symbol", "status", "clientOrderId"] + Page.parameters)
    symbol = query["symbol"]
    if let word = query["status"] {
      guard let status = Status(rawValue: word) else {
        throw .invalid("status", "must be one of open, closed, all")
      }
      self.status = status
    }
    if var key = query["clientOrderId"] {
      guard key.withUTF8({ OrderRules.isClientOrderId(UnsafeRawBufferPointer($0)) }) else {
        throw .invalid("clientOrderId", "must be 1 to 36 of A-Z a-z 0-9 . _ : / -")
      }
      clientOrderId = key
    }
    page = try Page(query)
  }
}
