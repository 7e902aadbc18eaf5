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
    let (request, table) = (inquiry.request, core.markets.current)
    let market = try query.symbol.map { name throws(APIError) in
      try ownMarket(named: name, inquiry)
    }
    let mark = ReadMark(
      market.map { [$0] } ?? core.ownMarkets, awaitsArrival: core.isSharded && market != nil)
    let own = market == nil ? core.ownSymbols : nil
    try slowly(.database, request) { worker throws(APIError) in
      try mark.wait()
      let found = try worker.read { connection throws(PostgresError) -> [OrderRow]? in
        guard
          let stored = try Tables.orders(
            query, symbol: market?.entry.symbol.id, among: own, of: identity.account,
            connection)
        else { return nil }
        let most = Tables.fillsInLists
        let fills = try Tables.fills(
          of: stored.map(\.order.order_id), atMost: most + 1, connection)
        return stored.compactMap { stored in
          guard let market = table[stored.symbol] else { return nil }
          let own = fills[stored.order.order_id] ?? []
          var order = stored.order
          if own.count > most { order.flags = AnswerFlags.fillsCutShort.rawValue }
          return OrderRow(entry: market.entry, order: order, fills: Array(own.prefix(most)))
        }
      }
      guard let found else { throw .unknownPlace }
      let next = found.count == query.page.limit ? found.last?.order.order_id : nil
      worker.handler.output.clear()
      worker.handler.output.orders(found, next: next)
      worker.handler.succeed(200, request)
    }
  }

  func fills(_ inquiry: Inquiry, _ identity: Identity) throws(APIError) {
    let query = try FillsQuery(inquiry.query)
    let (request, table) = (inquiry.request, core.markets.current)
    let market = try query.symbol.map { name throws(APIError) in
      try ownMarket(named: name, inquiry)
    }
    let mark = ReadMark(
      market.map { [$0] } ?? core.ownMarkets, awaitsArrival: core.isSharded && market != nil)
    let own = market == nil ? core.ownSymbols : nil
    try slowly(.database, request) { worker throws(APIError) in
      try mark.wait()
      let found = try worker.read { connection throws(PostgresError) in
        try Tables.ownTrades(
          query.page, symbol: market?.entry.symbol.id, among: own, of: identity.account,
          connection)
      }
      guard let found else { throw .unknownPlace }
      worker.handler.output.clear()
      worker.handler.output.fills(
        found.rows.compactMap { trade in
          guard let market = table[trade.symbol] else { return nil }
          return OwnFillRow(
            entry: market.entry, orderID: trade.orderID, side: trade.side, time: trade.time,
            fill: trade.fill)
        }, next: found.next)
      worker.handler.succeed(200, request)
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
