/// Decides what is asked next and writes it, for one thread.
struct Traffic: ~Copyable {
  private let plan: Plan
  private let markets: [Market]
  private let operations: [Operation]
  private let operationChoice: Choice
  private let marketChoice: Choice
  private let marketPart: Int
  /// What a client order id of this thread begins with.
  private let keyPrefix: [UInt8]
  private var nextKey: UInt64 = 0
  private var random: Random
  private var body = ByteBuffer(capacity: 4096)

  init(_ plan: Plan, markets: [Market], run: String, thread: Int) {
    self.plan = plan
    self.markets = markets
    operations = plan.mix.map(\.operation)
    operationChoice = Choice(weights: plan.mix.map(\.weight))
    marketChoice = Choice(zipf: plan.zipf, count: markets.count)
    marketPart = Int(plan.marketPart * 1_000_000)
    keyPrefix = Array("\(run).\(thread).".utf8)
    random = Random(seed: plan.seed &* 1_000_003 &+ UInt64(thread))
  }

  /// What was written: the operation, the orders in it and, when records are kept, the number of
  /// its first client order id.
  struct Written {
    var operation: Operation
    var orders: Int
    var firstKey: UInt64
  }

  mutating func write(for link: Link, into output: inout ByteBuffer) -> Written {
    var operation = operations[operationChoice.pick(&random)]
    // Without an order of one's own there is nothing to cancel yet.
    if operation.needsOwnOrder, link.ownOrders.isEmpty { operation = .order }
    var written = Written(operation: operation, orders: 0, firstKey: nextKey)
    body.removeAll()
    switch operation {
    case .order:
      written.orders = 1
      order(isBuyer: link.trader.isBuyer)
      head("POST /api/orders", link, &output)
    case .batch:
      written.orders = plan.batch
      body.append("{\"orders\":[")
      for index in 0..<plan.batch {
        if index > 0 { body.append(",") }
        order(isBuyer: link.trader.isBuyer)
      }
      body.append("]}")
      head("POST /api/orders/batch", link, &output)
    case .cancel: ownOrder("DELETE", link.ownOrders.removeLast(), link, &output)
    case .amend:
      let market = markets[0]
      body.append("{\"quantity\":\"")
      body.append(quantity(market), market.lot)
      body.append("\"}")
      ownOrder("PATCH", link.ownOrders[link.ownOrders.count - 1], link, &output)
    case .lookup: ownOrder("GET", link.ownOrders[link.ownOrders.count - 1], link, &output)
    case .book:
      market("GET /api/book/", "?depth=", UInt64(plan.bookDepth), link, &output)
    case .trades: market("GET /api/trades/", "?limit=", 50, link, &output)
    }
    return written
  }

  // MARK: - Bodies

  private mutating func quantity(_ market: Market) -> Int {
    market.quantities.lowerBound + random.below(market.quantities.count)
  }

  private mutating func order(isBuyer: Bool) {
    let market = markets[marketChoice.pick(&random)]
    body.append("{\"symbol\":\"")
    body.append(market.name)
    body.append(isBuyer ? "\",\"side\":\"buy\"" : "\",\"side\":\"sell\"")
    if random.below(1_000_000) < marketPart {
      body.append(",\"type\":\"market\",\"quantity\":\"")
    } else {
      body.append(",\"type\":\"limit\",\"price\":\"")
      body.append(market.prices.lowerBound + random.below(market.prices.count), market.tick)
      body.append("\",\"quantity\":\"")
    }
    body.append(quantity(market), market.lot)
    if plan.keepsRecord {
      body.append("\",\"clientOrderId\":\"")
      body.append(keyPrefix)
      body.append(nextKey)
      nextKey += 1
    }
    body.append("\"}")
  }

  // MARK: - Heads

  private mutating func market(
    _ path: StaticString, _ name: StaticString, _ value: UInt64, _ link: Link,
    _ output: inout ByteBuffer
  ) {
    output.append(path)
    output.append(markets[marketChoice.pick(&random)].name)
    output.append(name)
    output.append(value)
    output.append(link.headers)
    output.append("\r\n")
  }

  private func ownOrder(
    _ method: StaticString, _ order: UInt64, _ link: Link, _ output: inout ByteBuffer
  ) {
    output.append(method)
    output.append(" /api/orders/")
    output.append(order)
    finish(link, &output)
  }

  private func head(_ line: StaticString, _ link: Link, _ output: inout ByteBuffer) {
    output.append(line)
    finish(link, &output)
  }

  private func finish(_ link: Link, _ output: inout ByteBuffer) {
    output.append(link.headers)
    if body.count > 0 {
      output.append("Content-Length: ")
      output.append(UInt64(body.count))
      output.append("\r\n")
    }
    output.append("\r\n")
    output.append(body.bytes)
  }
}
