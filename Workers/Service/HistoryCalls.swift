import API
import Accounts
import Postgres
import SharedMemory

/// What is read from the tables, by the slow pool.
extension Handler {
  func order(_ id: UInt64, _ inquiry: Inquiry, _ identity: Identity) throws(APIError) {
    try Queries.none(inquiry.query)
    guard let market = core.markets.current[OrderID.symbol(of: id)] else { throw .unknownOrder }
    try requireOwn(market, inquiry)
    let (request, mark) = (inquiry.request, ReadMark([market], awaitsArrival: core.isSharded))
    try slowly(.database, request) { worker throws(APIError) in
      try mark.wait()
      let found = try worker.read { connection throws(PostgresError) -> OrderRow? in
        guard let stored = try Tables.order(id, of: identity.account, connection) else {
          return nil
        }
        let fills = try Tables.fills(of: [id], connection)
        return OrderRow(entry: market.entry, order: stored.order, fills: fills[id] ?? [])
      }
      guard let found else { throw .unknownOrder }
      worker.handler.output.clear()
      worker.handler.output.order(found)
      worker.handler.succeed(200, request)
    }
  }

  func listOrders(_ inquiry: Inquiry, _ identity: Identity) throws(APIError) {
    let query = try OrdersQuery(inquiry.query)
    let market = try query.symbol.map { name throws(APIError) in
      try ownMarket(named: name, inquiry)
    }
    if isForAllShards(market, inquiry) { return try gatherOrders(query, inquiry, identity) }
    let request = inquiry.request
    let scope = Scope(core, request, market: market)
    try slowly(.database, request) { worker throws(APIError) in
      worker.handler.output.clear()
      try worker.writeOrders(query, scope, identity)
      worker.handler.succeed(200, request)
    }
  }

  func fills(_ inquiry: Inquiry, _ identity: Identity) throws(APIError) {
    let query = try FillsQuery(inquiry.query)
    let market = try query.symbol.map { name throws(APIError) in
      try ownMarket(named: name, inquiry)
    }
    if isForAllShards(market, inquiry) { return try gatherFills(query, inquiry, identity) }
    let request = inquiry.request
    let scope = Scope(core, request, market: market)
    try slowly(.database, request) { worker throws(APIError) in
      worker.handler.output.clear()
      try worker.writeFills(query, scope, identity)
      worker.handler.succeed(200, request)
    }
  }

  func isForAllShards(_ market: Market?, _ inquiry: Inquiry) -> Bool {
    core.isSharded && market == nil && !inquiry.request.isPart
  }

  private func gatherOrders(
    _ query: OrdersQuery, _ inquiry: Inquiry, _ identity: Identity
  ) throws(APIError) {
    var first: Market?
    if let before = query.page.before {
      first = core.markets.current[OrderID.symbol(of: before)]
      guard first != nil else { throw .unknownPlace }
    }
    try gather(inquiry, first: first) { worker, scope throws(APIError) in
      try worker.writeOrders(query, scope, identity)
    } merge: { worker, answers throws(APIError) in
      let rows = answers.flatMap { $0.list("orders") ?? [] }
        .compactMap { ShardLists.Row(order: $0) }
      let page = ShardLists.newest(rows, limit: query.page.limit)
      let next = page.isFull ? page.rows.last.map { UInt64($0.place.id) } : nil
      worker.handler.output.gathered("orders", page.rows.map(\.text), next: next)
    }
  }

  private func gatherFills(
    _ query: FillsQuery, _ inquiry: Inquiry, _ identity: Identity
  ) throws(APIError) {
    let table = core.markets.current
    var first: Market?
    if let before = query.page.before {
      first = table[TradeCursor.parts(before).symbol]
      guard first != nil else { throw .unknownPlace }
    }
    try gather(inquiry, first: first) { worker, scope throws(APIError) in
      try worker.writeFills(query, scope, identity)
    } merge: { worker, answers throws(APIError) in
      let rows = answers.flatMap { $0.list("fills") ?? [] }
        .compactMap { ShardLists.Row(fill: $0, symbol: { table[$0]?.entry.symbol.id }) }
      let page = ShardLists.newest(rows, limit: query.page.limit)
      let next = page.isFull ? page.rows.last.map(\.place) : nil
      worker.handler.output.gathered(
        "fills", page.rows.map(\.text),
        next: next.map { TradeCursor.make(symbol: UInt32($0.symbol), trade: UInt64($0.id)) })
    }
  }

  func trades(_ name: String, _ inquiry: Inquiry) throws(APIError) {
    let page = try Page.trades(inquiry.query)
    let market = try ownMarket(named: name, inquiry)
    let (request, mark) = (inquiry.request, ReadMark([market], awaitsArrival: core.isSharded))
    try slowly(.database, request) { worker throws(APIError) in
      try mark.wait()
      let found = try worker.read { connection throws(PostgresError) in
        try Tables.trades(page, of: market.entry.symbol.id, connection)
      }
      worker.handler.output.clear()
      let next = found.count == page.limit ? found.last?.tradeID : nil
      worker.handler.output.trades(found, entry: market.entry, next: next)
      worker.handler.succeed(200, request)
    }
  }
}

extension SlowWorker {
  func writeOrders(_ query: OrdersQuery, _ scope: Scope, _ identity: Identity) throws(APIError) {
    try scope.wait()
    let table = core.markets.current
    let found = try read { connection throws(PostgresError) -> (rows: [OrderRow], Int64?)? in
      guard
        let stored = try Tables.orders(
          query, symbol: scope.market?.entry.symbol.id, among: scope.symbols(core),
          of: identity.account, from: scope.place, connection)
      else { return nil }
      let most = Tables.fillsInLists
      let fills = try Tables.fills(
        of: stored.rows.map(\.order.order_id), atMost: most + 1, connection)
      let rows = stored.rows.compactMap { stored -> OrderRow? in
        guard let market = table[stored.symbol] else { return nil }
        let own = fills[stored.order.order_id] ?? []
        var order = stored.order
        if own.count > most { order.flags = AnswerFlags.fillsCutShort.rawValue }
        return OrderRow(entry: market.entry, order: order, fills: Array(own.prefix(most)))
      }
      return (rows, stored.place)
    }
    guard let (rows, place) = found else { throw .unknownPlace }
    let next = rows.count == query.page.limit ? rows.last?.order.order_id : nil
    handler.output.orders(rows, next: next, place: scope.isPart ? place : nil)
  }

  func writeFills(_ query: FillsQuery, _ scope: Scope, _ identity: Identity) throws(APIError) {
    try scope.wait()
    let table = core.markets.current
    let found = try read { connection throws(PostgresError) in
      try Tables.ownTrades(
        query.page, symbol: scope.market?.entry.symbol.id, among: scope.symbols(core),
        of: identity.account, from: scope.place, connection)
    }
    guard let found else { throw .unknownPlace }
    handler.output.fills(
      found.rows.compactMap { trade in
        guard let market = table[trade.symbol] else { return nil }
        return OwnFillRow(
          entry: market.entry, orderID: trade.orderID, side: trade.side, time: trade.time,
          fill: trade.fill)
      }, next: found.next, place: scope.isPart ? found.place : nil)
  }
}
