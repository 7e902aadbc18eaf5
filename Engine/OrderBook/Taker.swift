import Wire

/// An order while it takes from the other side.
struct Taker {
  let id: UInt64
  let account: UInt64
  let side: Side
  let type: OrderType
  let timeInForce: TimeInForce
  let prevention: SelfTradePrevention
  /// Its account's slot, by which makers of its own are known; 0 when it has no open orders.
  var ownSlot: UInt32 = 0
  /// Its own slot when it had one before: a stop that was reached, an amended order.
  var slot: UInt32 = 0
  let price: Int64
  /// The worst price it may trade at.
  var limit: Int64
  var remaining: Int64
  var filled: Int64 = 0
  var filledQuote: Int64 = 0
  let spendsQuote: Bool
  /// What a market order by quote quantity may still spend.
  var quote: Int64

  /// A new order.
  @inline(__always)
  init(_ order: Request, _ command: UnsafePointer<Command>) {
    id = command.pointee.order_id
    account = command.pointee.account
    side = order.side
    type = order.type
    timeInForce = order.timeInForce
    prevention = order.prevention
    price = command.pointee.terms.price
    limit = command.pointee.terms.price
    remaining = command.pointee.terms.quantity
    spendsQuote = command.pointee.terms.quote_quantity != 0
    quote = command.pointee.terms.quote_quantity
  }

  /// An order that has a slot and is off its shelf.
  init(_ slot: UInt32, _ record: OrderRecord, _ details: OrderDetails, account: UInt64) {
    id = record.id
    self.account = account
    side = details.side
    type = record.type
    timeInForce = record.timeInForce
    prevention = record.prevention
    ownSlot = record.account
    self.slot = slot
    price = details.terms.price
    limit = price
    remaining = record.remaining
    filled = details.terms.quantity - record.remaining
    filledQuote = record.filledQuote
    spendsQuote = false
    quote = 0
  }

  @inline(__always)
  var isFilled: Bool { !spendsQuote && remaining == 0 }

  /// What it wants of a level; 0 when its money does not buy one lot there.
  @inline(__always)
  func wish(at price: Int64) -> Int64 { spendsQuote ? quote / price : remaining }

  @inline(__always)
  func accepts(_ price: Int64) -> Bool { side == .buy ? price <= limit : price >= limit }
}
