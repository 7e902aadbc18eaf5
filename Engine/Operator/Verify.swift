import Glibc
import OrderBook
import Replay
import SharedMemory
import Wire

extension Commands {
  static let verify = Command(
    name: "verify", summary: "replay the journal and compare everything made from it",
    help: """
      usage: outcry verify [SYMBOL] [--state FOLDER]

      Replays the journal of a symbol, or of each, from its start and compares what comes of it
      with the stored snapshots, with every row of the tables of orders, trades, candles and
      positions, and with the live board. It only reads, and may be run while the exchange trades;
      what is traded meanwhile is verified too, except for the board, which is compared when it has
      not moved on.

      When the beginning of the journal is gone (OUTCRY_JOURNAL_KEEP), it starts from the oldest
      good snapshot that the journal continues, and says so. Rows from before are then checked only
      for what cannot be: an ended order that is open, a missing trade.

      One line a symbol: "ok" with what was compared, or the first difference by name. Exit
      status: 0 when all is well, 1 when something differs or could not be verified.

        outcry verify BTC-USD
      """
  ) { arguments in
    let place = try Place(&arguments)
    let name = arguments.operand()
    try arguments.end()
    let subject = try Subject(place, name)
    var isWell = true
    for symbol in subject.symbols {
      let start = Clock.monotonicNanos()
      do {
        let result = try verify(symbol, subject)
        let tenths = (Clock.monotonicNanos() - start) / 100_000_000
        print("\(symbol.name): ok: \(result) (\(tenths / 10).\(tenths % 10) s)")
      } catch {
        let isDifference = error is Difference
        print("\(symbol.name): \(isDifference ? "DIFFERENT" : "NOT VERIFIED"): \(error)")
        isWell = false
      }
      fflush(nil)
    }
    if !isWell { exit(1) }
  }

  private static func verify(_ symbol: Symbol, _ subject: Subject) throws -> String {
    let found = try Verification.run(
      symbol, database: try subject.database(of: symbol), depth: Board.levelCapacity)
    let segment = try subject.instance(of: symbol).flatMap {
      try SymbolSegment.open($0, symbolName: symbol.name, id: symbol.id)
    }
    let wasCompared = try segment.map { try compare($0.board, with: found.book) } ?? false
    let origin = found.snapshot == 0 ? "" : "from snapshot at \(found.snapshot), "
    let commands = found.sequence - found.snapshot
    return origin + "\(commands.grouped) commands, \(found.snapshots) snapshots, "
      + "\(found.orders.grouped) orders, \(found.trades.grouped) trades, board "
      + (wasCompared ? "compared" : segment == nil ? "not there" : "not compared")
  }

  /// False when the board is of another moment.
  private static func compare(_ board: Board, with book: BookPicture) throws -> Bool {
    let room = Board.levelCapacity
    let bids = UnsafeMutableBufferPointer<BoardLevel>.allocate(capacity: room)
    let asks = UnsafeMutableBufferPointer<BoardLevel>.allocate(capacity: room)
    defer {
      bids.deallocate()
      asks.deallocate()
    }
    guard let shown = board.read(bids: bids, asks: asks), shown.summary.sequence == book.sequence
    else { return false }
    func check<Value: Equatable>(_ what: String, _ expected: Value, _ found: Value) throws {
      if expected == found { return }
      throw Difference.board(what: what, expected: "\(expected)", found: "\(found)")
    }
    func levels(_ levels: Slice<UnsafeMutableBufferPointer<BoardLevel>>) -> [DepthLevel] {
      levels.map { DepthLevel(price: $0.price, quantity: $0.quantity) }
    }
    let summary = shown.summary
    try check("market state", book.state.rawValue, summary.state)
    try check("reference price", book.referencePrice, summary.reference_price)
    try check("last trade", book.lastTrade.id, summary.last_trade_id)
    try check("last price", book.lastTrade.price, summary.last_price)
    try check("open orders", UInt64(book.openOrders), summary.open_orders)
    try check("best bid", book.bids.first?.price ?? 0, summary.best_bid_price)
    try check("best ask", book.asks.first?.price ?? 0, summary.best_ask_price)
    for (side, expected, found) in [
      ("bid", book.bids, levels(bids[..<shown.bids])),
      ("ask", book.asks, levels(asks[..<shown.asks])),
    ] {
      try check("\(side) levels", expected.count, found.count)
      for (expected, found) in zip(expected, found) where expected != found {
        try check("\(side) level", expected, found)
      }
    }
    return true
  }
}
