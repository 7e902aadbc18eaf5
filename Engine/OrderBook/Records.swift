import Wire

/// Which of the four ladders an order stands in.
enum Shelf {
  static let bids: UInt32 = 0
  static let asks: UInt32 = 1
  static let buyStops: UInt32 = 2
  static let sellStops: UInt32 = 3
  /// Taken out for the length of a command: a stop that acts, an amend on its way back.
  static let none: UInt32 = 4

  @inline(__always)
  static func resting(_ side: Side) -> UInt32 { side == .buy ? bids : asks }

  @inline(__always)
  static func stops(_ side: Side) -> UInt32 { side == .buy ? buyStops : sellStops }

  @inline(__always)
  static func side(of shelf: UInt32) -> Side { shelf & 1 == 0 ? .buy : .sell }
}

/// What matching touches of an open order: one cache line. Slot 0 means "none" in every link.
struct OrderRecord: Keyed {
  var id: UInt64 = 0
  var remaining: Int64 = 0
  /// The displayed part of `remaining`; less than it only for an iceberg.
  var shown: Int64 = 0
  var filledQuote: Int64 = 0
  /// Counts up over the book's life: a level's queue, or a stop level's, ascends in it.
  var priority: UInt64 = 0
  var account: UInt32 = 0
  var level: UInt32 = 0
  var chain: UInt32 = 0
  var shelf: UInt8 = UInt8(Shelf.none)
  var prevention: SelfTradePrevention = .none
  var type: OrderType = .limit
  var timeInForce: TimeInForce = .goodTillCancelled
  var spare: UInt64 = 0

  var key: UInt64 { id }

  @inline(__always)
  var side: Side { Shelf.side(of: UInt32(shelf)) }
}

typealias KeyWords = (UInt64, UInt64, UInt64, UInt64, UInt64)

/// What only answers, amends and refills need of an open order, in the same slot as its record: a
/// second cache line. (The client's key lies apart: most orders have none.)
struct OrderDetails {
  var terms = OrderTerms()
  var createdAt: Int64 = 0
  /// Position in the expiry heap; 0 when the order does not expire.
  var expiry: UInt32 = 0
  var keyLength: UInt8 = 0
  var flags: UInt8 = 0
  /// Kept here because an order that was taken off its shelf still has one.
  var side: Side = .buy
  var spare: UInt8 = 0
}

/// `Terms` as last amended, without its spare words.
struct OrderTerms {
  var price: Int64 = 0
  var stopPrice: Int64 = 0
  var quantity: Int64 = 0
  var quoteQuantity: Int64 = 0
  var displayQuantity: Int64 = 0
  var expiresAt: Int64 = 0

  init() {}

  @inline(__always)
  init(_ terms: Terms) {
    price = terms.price
    stopPrice = terms.stop_price
    quantity = terms.quantity
    quoteQuantity = terms.quote_quantity
    displayQuantity = terms.display_quantity
    expiresAt = terms.expires_at
  }

  var whole: Terms {
    var terms = Terms()
    terms.price = price
    terms.stop_price = stopPrice
    terms.quantity = quantity
    terms.quote_quantity = quoteQuantity
    terms.display_quantity = displayQuantity
    terms.expires_at = expiresAt
    return terms
  }
}

/// An order's neighbours in the queue of its level and in the list of its account's open orders,
/// both oldest first. Apart from the records, because leaving a list writes to neighbours that are
/// nowhere near: sixteen bytes an order stay in the cache where whole records do not.
struct OrderLinks {
  var next: UInt32 = 0
  var previous: UInt32 = 0
  var accountNext: UInt32 = 0
  var accountPrevious: UInt32 = 0
}

struct AccountRecord: Keyed {
  var id: UInt64 = 0
  var chain: UInt32 = 0
  var first: UInt32 = 0
  var last: UInt32 = 0
  var count: UInt32 = 0

  var key: UInt64 { id }
}

/// One price of one side.
struct Level {
  var price: Int64 = 0
  var shown: Int64 = 0
  var hidden: Int64 = 0
  var first: UInt32 = 0
  var last: UInt32 = 0
  var count: UInt32 = 0
  /// The tree node that points here.
  var leaf: UInt32 = 0
}
