import API
import FastCGI
import Glibc
import SharedMemory

/// Symbols of other shards. Their requests are answered there: nginx sends them on, method, body
/// and request id included, where a worker says so.
///
/// A request that was sent on once is taken where it arrives, and waits there: most likely the
/// symbol is on its way and this shard's directory has not heard yet. So two shards that disagree
/// send nothing to and fro, and a deadline ends it with a 503.
extension Handler {
  /// How often a request may be sent on: there, and after a symbol that moves meanwhile.
  fileprivate static let mostHops = 3

  /// The market of a symbol, which this shard has to answer for.
  func ownMarket(named name: String, _ inquiry: Inquiry) throws(APIError) -> Market {
    let market = try market(named: name)
    try requireOwn(market, inquiry)
    return market
  }

  func requireOwn(_ market: Market, _ inquiry: Inquiry) throws(APIError) {
    guard core.isSharded, inquiry.request.hops == 0 else { return }
    let shard = market.place.shard
    if shard != core.shard { throw .elsewhere(shard) }
  }

  /// Answers what is read from shared memory: at once, or when the symbol has arrived.
  func whenHere(
    _ market: Market, _ inquiry: Inquiry,
    _ body: @escaping @Sendable (Handler) throws(APIError) -> Void
  ) throws(APIError) {
    guard core.isSharded, market.isArriving else { return try body(self) }
    try slowly(.database, inquiry.request) { worker throws(APIError) in
      try ReadMark([market], awaitsArrival: true).wait()
      try body(worker.handler)
    }
  }

  /// Lets nginx ask the shard; nothing was done here.
  func sendOn(to shard: UInt32, _ error: APIError, _ request: Request) {
    let hops = request.hops + 1
    guard hops <= Handler.mostHops else {
      var refusal = error
      refusal.shard = nil
      return fail(refusal, request)
    }
    Reply.sendOn(to: shard, hops: hops, request)
    finish(307, request)
  }
}

extension Core {
  /// Those whose orders and trades are this shard's to tell.
  var ownMarkets: [Market] {
    let markets = markets.current.markets
    return isSharded ? markets.filter { $0.place.shard == shard } : markets
  }

  /// Their ids, for whoever reads rows of all symbols: while one moves, its rows are in two
  /// databases. Nil where all rows are this shard's.
  var ownSymbols: [Int64]? {
    isSharded ? ownMarkets.map { Int64($0.entry.symbol.id) } : nil
  }
}

extension Request {
  /// How often it was sent on to get here.
  var hops: Int {
    guard let text = parameter("OUTCRY_HOPS"), text.count == 1 else { return 0 }
    return Int(text[0]) - 0x30
  }
}

extension Completion {
  /// Whether a waiting request was sent on because its symbol has left. What it asked for was not
  /// done: the old engine cannot commit any more, and what it had committed the new one knows by
  /// the command's name.
  func sendOn(_ index: Int, _ waiting: PendingRequest, _ now: Int64) -> Bool {
    let shard = waiting.market.place.shard
    // One that arrived before its symbol gets a second for the two shards to agree.
    let arrivedAt = waiting.deadline - core.deadlineNanos
    guard shard != core.shard, waiting.wasOwn || now > arrivedAt + 1_000_000_000 else {
      return false
    }
    let isRepeatable =
      waiting.mailbox.commands[0].key_length > 0 && waiting.request.hops < Handler.mostHops
    switch waiting.mailbox.giveUp() {
    case .answered: answer(core.pending.take(index))
    case .nothingDone: fail(index, .elsewhere(shard))
    case .unknown: fail(index, isRepeatable ? .elsewhere(shard) : .outcomeUnknown)
    case .retry: return false
    }
    return true
  }
}
