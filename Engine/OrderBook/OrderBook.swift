import Wire

/// How large a book can become. Reserving costs address space, not memory.
public struct Capacity: Sendable {
  /// Open orders, waiting stops included.
  public var orders: Int
  /// Iceberg refills that one command may cause; then the order that takes is ended.
  public var refillsPerCommand: Int

  public init(orders: Int = 1 << 21, refillsPerCommand: Int = 1 << 20) {
    precondition(orders > 0 && orders <= 1 << 24, "a capacity of 1…2^24 orders")
    precondition(refillsPerCommand > 0, "at least one refill a command")
    self.orders = orders
    self.refillsPerCommand = refillsPerCommand
  }
}

/// The order book of one symbol: a state machine without clock, ids of its own or I/O.
///
/// Time, sequence and the id of a new order arrive inside the command, ids ascending. The same
/// commands always give the same events and the same `stateHash`.
///
/// (Within the module, functions on the path of an order are `mutating` even where they change
/// nothing: to lend a large noncopyable struct, the compiler copies it to the stack.)
public struct OrderBook: ~Copyable {
  let reservation: Reservation
  var orders: Table<OrderRecord>
  let details: Region<OrderDetails>
  let links: Region<OrderLinks>
  let keys: Region<KeyWords>
  var accounts: Table<AccountRecord>
  let ladders: Region<Ladder>
  var expiries: ExpiryHeap
  /// Of the snapshot in progress: slots it need not look at again, and orders as they were.
  let marks: Region<UInt8>
  let saved: Region<StoredOrder>
  let hints: Region<UInt32>
  var snapshot = SnapshotProgress()

  public let capacity: Capacity
  public internal(set) var rules: Rules
  public internal(set) var state = MarketState.trading
  /// What the price band is measured from: the last trade or what was set since. 0: nothing yet.
  public internal(set) var referencePrice: Int64 = 0
  public internal(set) var lastTrade = LastTrade()
  public internal(set) var lastOrderID: UInt64 = 0
  /// The sum of all open orders' remaining lots. That it never overflows is what lets every
  /// smaller sum be taken without a check.
  public internal(set) var openQuantity: Int64 = 0
  var nextPriority: UInt64 = 1

  var current = CurrentCommand()

  public init(
    rules: Rules = Rules(), capacity: Capacity = Capacity()
  ) throws(ReservationFailure) {
    precondition(OrderBook.areValid(rules), "rules against themselves")
    let size = capacity.orders
    var reservation = try Reservation(bytes: OrderBook.bytes(for: size))
    orders = Table(capacity: size, in: &reservation)
    details = reservation.carve(OrderDetails.self, size + 1)
    links = reservation.carve(OrderLinks.self, size + 1)
    keys = reservation.carve(KeyWords.self, size + 1)
    accounts = Table(capacity: size, in: &reservation)
    ladders = reservation.carve(Ladder.self, 4)
    for shelf in [Shelf.bids, Shelf.asks, Shelf.buyStops, Shelf.sellStops] {
      let highestFirst = shelf == Shelf.bids || shelf == Shelf.sellStops
      let ladder = Ladder(highestFirst: highestFirst, capacity: size, in: &reservation)
      (ladders.base + Int(shelf)).initialize(to: ladder)
    }
    expiries = ExpiryHeap(capacity: size, details: details, in: &reservation)
    marks = reservation.carve(UInt8.self, size + 1)
    saved = reservation.carve(StoredOrder.self, size + 1)
    hints = reservation.carve(UInt32.self, OrderBook.hintCount)
    self.capacity = capacity
    self.rules = rules
    self.reservation = reservation
  }

  private static func bytes(for size: Int) -> Int {
    Table<OrderRecord>.bytes(capacity: size)
      + Reservation.bytes(OrderDetails.self, size + 1)
      + Reservation.bytes(OrderLinks.self, size + 1)
      + Reservation.bytes(KeyWords.self, size + 1)
      + Table<AccountRecord>.bytes(capacity: size)
      + Reservation.bytes(Ladder.self, 4)
      + 4 * Ladder.bytes(capacity: size)
      + ExpiryHeap.bytes(capacity: size)
      + Reservation.bytes(UInt8.self, size + 1)
      + Reservation.bytes(StoredOrder.self, size + 1)
      + Reservation.bytes(UInt32.self, hintCount)
  }

  /// Every resting order is consumed or ended once and every refill is followed by one more trade;
  /// an order that takes begins and ends once.
  public var mostEventsPerCommand: Int {
    4 * (capacity.orders + 2) + 2 * capacity.refillsPerCommand
  }
}

public struct LastTrade: Sendable {
  /// The number of trades so far: ids count from 1.
  public internal(set) var id: UInt64 = 0
  public internal(set) var price: Int64 = 0
  public internal(set) var quantity: Int64 = 0
  /// The taker's; nil before the first trade.
  public internal(set) var side: Side?
  public internal(set) var time: Int64 = 0
}

/// What holds for the length of one command only.
struct CurrentCommand {
  var sequence: UInt64 = 0
  var time: Int64 = 0
  /// The order the command is about, with its slot if it has or had one.
  var subject: UInt64 = 0
  var subjectSlot: UInt32 = 0
  var subjectEnd: Ending?
  var affected: UInt32 = 0
  var refillsLeft = 0
  /// The range of prices traded at since the stops were last looked at.
  var lowestTrade = Int64.max
  var highestTrade: Int64 = 0
  /// Stops that were reached and wait for their turn.
  var firstReached: UInt32 = 0
  var lastReached: UInt32 = 0
}

/// How an order stood when it left.
struct Ending {
  var status: OrderStatus
  var reason: EndReason
  var filled: Int64
  var filledQuote: Int64
}
