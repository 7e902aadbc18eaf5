import API
import FastCGI
import SharedMemory

/// What is answered from shared memory, at once.
extension Handler {
  func book(_ name: String, _ inquiry: Inquiry) throws(APIError) {
    let depth = try Queries.bookDepth(inquiry.query)
    let market = try ownMarket(named: name, inquiry)
    let request = inquiry.request
    try whenHere(market, inquiry) { handler throws(APIError) in
      try handler.writeBook(market, depth, request)
    }
  }

  private func writeBook(_ market: Market, _ depth: Int, _ request: Request) throws(APIError) {
    let version = market.segment?.board.version ?? 0
    let symbol = market.entry.symbol.id
    output.clear()
    if let known = books.find(symbol, depth: depth, version: version) {
      known.withUnsafeBytes { output.raw($0) }
      return succeed(200, request)
    }
    guard let segment = market.segment,
      let board = segment.board.read(
        bids: UnsafeMutableBufferPointer(rebasing: bids[..<min(depth, bids.count)]),
        asks: UnsafeMutableBufferPointer(rebasing: asks[..<min(depth, asks.count)]))
    else { throw .unavailable("engine_away", "the symbol's engine has not started yet") }
    output.book(
      market.entry, sequence: board.summary.sequence, time: board.summary.time,
      bids: UnsafeBufferPointer(UnsafeMutableBufferPointer(rebasing: bids[..<board.bids])),
      asks: UnsafeBufferPointer(UnsafeMutableBufferPointer(rebasing: asks[..<board.asks])))
    // Read between two looks at the same version, it is that version's book.
    if segment.board.version == version {
      books.keep(output.bytes, symbol, depth: depth, version: version)
    }
    succeed(200, request)
  }

  func symbols(_ inquiry: Inquiry) throws(APIError) {
    try Queries.none(inquiry.query)
    output.clear()
    output.symbols(core.markets.current.markets.map { ($0.current(core), $0.state(core)) })
    succeed(200, inquiry.request)
  }

  func symbol(_ name: String, _ inquiry: Inquiry) throws(APIError) {
    try Queries.none(inquiry.query)
    let market = try market(named: name)
    output.clear()
    output.symbol(market.current(core), state: market.state(core))
    succeed(200, inquiry.request)
  }

  func openAPI(_ inquiry: Inquiry) throws(APIError) {
    try Queries.none(inquiry.query)
    output.clear()
    OpenAPI.document.withUnsafeBytes { output.raw($0) }
    succeed(200, inquiry.request)
  }

  func health(_ inquiry: Inquiry) {
    output.clear()
    output.health(
      instance: core.settings.instance, pid: Int32(core.processID), startedAt: core.startedAt)
    succeed(200, inquiry.request)
  }
}

extension Market {
  /// With the rules as they are now: an operator may replace them.
  func current(_ core: Core) -> API.SymbolEntry {
    core.exchange.symbol(id: entry.symbol.id).flatMap { API.SymbolEntry($0) } ?? entry
  }

  /// Nil when no engine has said anything yet. Of another shard's symbol the table tells.
  func state(_ core: Core) -> MarketState? {
    if core.isSharded {
      let place = place
      if place.shard != core.shard { return MarketState(rawValue: place.state) }
      if isArriving { return nil }
    }
    return segment?.board.summary().flatMap { MarketState(rawValue: $0.state) }
  }
}
