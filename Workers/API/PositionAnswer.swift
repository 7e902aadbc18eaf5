import Wire

/// What an account's trades in one symbol leave it with.
public struct PositionRow: Sendable {
  public var entry: SymbolEntry
  /// Lots: above zero bought, below zero sold.
  public var quantity: Int128
  /// What they cost, in tick x lot.
  public var cost: Int128

  public init(entry: SymbolEntry, quantity: Int128, cost: Int128) {
    self.entry = entry
    self.quantity = quantity
    self.cost = cost
  }
}

/// `GET /api/account`.
public struct AccountRow: Sendable {
  public var account: UInt64
  public var name: String
  public var createdAt: Int64
  /// Of the credentials that ask.
  public var permission: KeyPermission
  public var openOrders: Int64
  public var positions: [PositionRow]

  public init(
    account: UInt64, name: String, createdAt: Int64, permission: KeyPermission,
    openOrders: Int64, positions: [PositionRow]
  ) {
    self.account = account
    self.name = name
    self.createdAt = createdAt
    self.permission = permission
    self.openOrders = openOrders
    self.positions = positions
  }
}

/// What is allowed to every account.
public struct AccountAllowance: Sendable {
  public var keys: Int
  /// A second; 0: no limit.
  public var requests: Int
  public var orders: Int

  public init(keys: Int, requests: Int, orders: Int) {
    self.keys = keys
    self.requests = requests
    self.orders = orders
  }
}

extension JSONOutput {
  /// `gathered` are the positions in place of the row's own, which shards have written.
  public mutating func account(
    _ row: AccountRow, _ allowance: AccountAllowance, gathered: [ShardAnswer.Text]? = nil
  ) {
    beginObject()
    key("account")
    value(row.account)
    key("name")
    value(row.name)
    key("createdAt")
    value(row.createdAt)
    key("permission")
    value(row.permission.rawValue)
    key("limits")
    beginObject()
    key("ordersPerBatch")
    value(OrderRequest.largestBatch)
    key("keys")
    value(allowance.keys)
    key("requestsPerSecond")
    value(allowance.requests)
    key("ordersPerSecond")
    value(allowance.orders)
    endObject()
    holdings(row, gathered)
    endObject()
  }

  /// A shard's part of an account: `{"openOrders","positions"}`.
  public mutating func holdings(_ row: AccountRow) {
    beginObject()
    holdings(row, nil)
    endObject()
  }

  private mutating func holdings(_ row: AccountRow, _ gathered: [ShardAnswer.Text]?) {
    key("openOrders")
    value(row.openOrders)
    key("positions")
    if let gathered { return list(gathered) }
    beginArray()
    for position in row.positions { self.position(position) }
    endArray()
  }

  private mutating func position(_ row: PositionRow) {
    let symbol = row.entry.symbol
    beginObject()
    key("symbol")
    self.symbol(row.entry)
    key("quantity")
    text(symbol.lot.text(wide: row.quantity))
    key("averagePrice")
    text(symbol.tick.averageText(quote: row.cost.magnitude, lots: row.quantity.magnitude))
    endObject()
  }

  /// Null for what no decimal of 128 bits can say, rather than something that is not true.
  private mutating func text(_ decimal: String?) {
    if let decimal { value(decimal) } else { null() }
  }
}
