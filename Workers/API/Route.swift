/// What a request asks for, by its method and path.
public enum Route: Equatable, Sendable {
  case register, login, logout
  case createKey, listKeys
  case deleteKey(String)
  case account
  case placeOrder, placeBatch, listOrders, cancelAll
  case order(UInt64)
  case amend(UInt64)
  case cancel(UInt64)
  case fills
  case symbols
  case symbol(String)
  case book(String)
  case trades(String)
  case candles(String)
  case ticker(String)
  case tickers
  case stream(Transport)
  case accountStream(Transport)
  case health, ready, metrics
  case openAPI
  case addSymbol
  case changeLimits(String)
  case control(String, MarketCall)

  public enum Transport: Equatable, Sendable {
    /// WebSocket.
    case socket
    /// Server-sent events.
    case events
  }

  /// What an operator does to a symbol.
  public enum MarketCall: String, Sendable, CaseIterable {
    case halt, resume
    case cancelOnly = "cancel-only"
    case cancelAll = "cancel-all"
  }

  public var isForAdministrators: Bool {
    switch self {
    case .addSymbol, .changeLimits, .control: true
    default: false
    }
  }

  /// `path` has no query. A HEAD is answered like a GET; nginx leaves the body away.
  public static func match(
    method: UnsafeRawBufferPointer, path: UnsafeRawBufferPointer
  ) throws(APIError) -> Route {
    // The busiest by far is spared the list of everything that its path offers.
    if path.equals("/api/orders"), method.equals("POST") { return .placeOrder }
    let choices = try Choices(path)
    if let method = Method(method), let route = choices[method] { return route }
    throw APIError(
      405, "method_not_allowed", "this path does not have this method", allow: choices.allow)
  }
}

enum Method: CaseIterable {
  case get, post, patch, delete

  init?(_ text: UnsafeRawBufferPointer) {
    if text.equals("GET") || text.equals("HEAD") {
      self = .get
    } else if text.equals("POST") {
      self = .post
    } else if text.equals("PATCH") {
      self = .patch
    } else if text.equals("DELETE") {
      self = .delete
    } else {
      return nil
    }
  }

  var name: String {
    switch self {
    case .get: "GET, HEAD"
    case .post: "POST"
    case .patch: "PATCH"
    case .delete: "DELETE"
    }
  }
}

/// What one path offers, by method.
private struct Choices {
  var get: Route?
  var post: Route?
  var patch: Route?
  var delete: Route?

  subscript(_ method: Method) -> Route? {
    switch method {
    case .get: get
    case .post: post
    case .patch: patch
    case .delete: delete
    }
  }

  var allow: String {
    Method.allCases.filter { self[$0] != nil }.map(\.name).joined(separator: ", ")
  }

  private init(get: Route? = nil, post: Route? = nil, patch: Route? = nil, delete: Route? = nil) {
    self.get = get
    self.post = post
    self.patch = patch
    self.delete = delete
  }

  init(_ path: UnsafeRawBufferPointer) throws(APIError) {
    if let fixed = Choices.fixed(path) {
      self = fixed
    } else if let id = path.after("/api/orders/") {
      let id = try Choices.orderID(id)
      self.init(get: .order(id), patch: .amend(id), delete: .cancel(id))
    } else if let name = path.after("/api/book/") {
      self.init(get: .book(try Choices.symbol(name)))
    } else if let name = path.after("/api/trades/") {
      self.init(get: .trades(try Choices.symbol(name)))
    } else if let name = path.after("/api/candles/") {
      self.init(get: .candles(try Choices.symbol(name)))
    } else if let name = path.after("/api/ticker/") {
      self.init(get: .ticker(try Choices.symbol(name)))
    } else if let name = path.after("/api/symbols/") {
      self.init(get: .symbol(try Choices.symbol(name)))
    } else if let key = path.after("/api/keys/") {
      self.init(delete: .deleteKey(try Choices.key(key)))
    } else if let rest = path.after("/api/admin/symbols/") {
      try self.init(administering: rest)
    } else {
      throw .unknownPath
    }
  }

  /// `{symbol}` or `{symbol}/halt` and the like.
  private init(administering rest: UnsafeRawBufferPointer) throws(APIError) {
    guard let slash = rest.firstIndex(of: 0x2f) else {
      self.init(patch: .changeLimits(try Choices.symbol(rest)))
      return
    }
    let word = String(decoding: rest[(slash + 1)...].prefix(16), as: UTF8.self)
    guard let call = Route.MarketCall(rawValue: word) else { throw .unknownPath }
    let name = try Choices.symbol(UnsafeRawBufferPointer(rebasing: rest[..<slash]))
    self.init(post: .control(name, call))
  }

  private static func fixed(_ path: UnsafeRawBufferPointer) -> Choices? {
    // The busiest first.
    if path.equals("/api/orders") {
      return Choices(get: .listOrders, post: .placeOrder, delete: .cancelAll)
    }
    if path.equals("/api/orders/batch") { return Choices(post: .placeBatch) }
    if path.equals("/api/symbols") { return Choices(get: .symbols) }
    if path.equals("/api/ticker") { return Choices(get: .tickers) }
    if path.equals("/api/fills") { return Choices(get: .fills) }
    if path.equals("/api/account") { return Choices(get: .account) }
    if path.equals("/api/login") { return Choices(post: .login) }
    if path.equals("/api/logout") { return Choices(post: .logout) }
    if path.equals("/api/register") { return Choices(post: .register) }
    if path.equals("/api/keys") { return Choices(get: .listKeys, post: .createKey) }
    if path.equals("/stream") { return Choices(get: .stream(.socket)) }
    if path.equals("/events") { return Choices(get: .stream(.events)) }
    if path.equals("/stream/account") { return Choices(get: .accountStream(.socket)) }
    if path.equals("/events/account") { return Choices(get: .accountStream(.events)) }
    if path.equals("/api/openapi.json") { return Choices(get: .openAPI) }
    if path.equals("/api/admin/symbols") { return Choices(post: .addSymbol) }
    if path.equals("/health") { return Choices(get: .health) }
    if path.equals("/ready") { return Choices(get: .ready) }
    if path.equals("/metrics") { return Choices(get: .metrics) }
    return nil
  }

  private static func orderID(_ text: UnsafeRawBufferPointer) throws(APIError) -> UInt64 {
    guard !text.contains(0x2f) else { throw .unknownPath }
    var id: UInt64 = 0
    for byte in text {
      guard byte &- 0x30 < 10, id <= Queries.largestID else { throw .unknownOrder }
      id = id * 10 + UInt64(byte &- 0x30)
    }
    guard id > 0, id <= Queries.largestID, text[0] != 0x30 else { throw .unknownOrder }
    return id
  }

  private static func symbol(_ text: UnsafeRawBufferPointer) throws(APIError) -> String {
    guard !text.isEmpty, !text.contains(0x2f) else { throw .unknownPath }
    guard let name = PercentText.decode(text) else { throw .unknownPath }
    guard SymbolEntry.isName(name) else { throw .unknownSymbol(name) }
    return name
  }

  private static func key(_ text: UnsafeRawBufferPointer) throws(APIError) -> String {
    guard (1...64).contains(text.count), text.allSatisfy({ hexDigit($0) != nil }) else {
      throw .unknownKey
    }
    return String(decoding: text, as: UTF8.self)
  }
}

extension UnsafeRawBufferPointer {
  /// What follows `prefix`, or nil when the text does not begin with it.
  @inline(__always)
  fileprivate func after(_ prefix: StaticString) -> UnsafeRawBufferPointer? {
    let length = prefix.utf8CodeUnitCount
    guard count >= length, UnsafeRawBufferPointer(rebasing: self[..<length]).equals(prefix) else {
      return nil
    }
    return UnsafeRawBufferPointer(rebasing: self[length...])
  }
}
