/// The kind of a call without what it is about, for figures and logs: never an id or a symbol.
public enum RouteName: UInt8, Sendable, CaseIterable {
  /// No call that there is.
  case unknown
  case register, login, logout
  case createKey, listKeys, deleteKey, account
  case placeOrder, placeBatch, listOrders, cancelAll
  case order, amend, cancel, fills
  case symbols, symbol, book, trades, candles, ticker, tickers
  case stream, accountStream
  case health, ready, metrics, describe
  case addSymbol, changeLimits, control

  /// In the words of metrics: small letters and underscores.
  public var label: String {
    "\(self)".reduce(into: "") { text, letter in
      if letter.isUppercase { text += "_" }
      text += letter.lowercased()
    }
  }
}

extension Route {
  public var name: RouteName {
    switch self {
    case .register: .register
    case .login: .login
    case .logout: .logout
    case .createKey: .createKey
    case .listKeys: .listKeys
    case .deleteKey: .deleteKey
    case .account: .account
    case .placeOrder: .placeOrder
    case .placeBatch: .placeBatch
    case .listOrders: .listOrders
    case .cancelAll: .cancelAll
    case .order: .order
    case .amend: .amend
    case .cancel: .cancel
    case .fills: .fills
    case .symbols: .symbols
    case .symbol: .symbol
    case .book: .book
    case .trades: .trades
    case .candles: .candles
    case .ticker: .ticker
    case .tickers: .tickers
    case .stream: .stream
    case .accountStream: .accountStream
    case .health: .health
    case .ready: .ready
    case .metrics: .metrics
    case .openAPI: .describe
    case .addSymbol: .addSymbol
    case .changeLimits: .changeLimits
    case .control: .control
    }
  }
}
