import OrderBook
import Replay
import Wire

extension Commands {
  static let replay = Command(
    name: "replay", summary: "print a symbol's book as it was at any moment",
    help: """
      usage: outcry replay SYMBOL [--to SEQUENCE] [--depth N] [--state FOLDER]

      Brings the symbol's book back from the newest good snapshot before the moment, or else from
      the journal's start, and prints it as it was right after a command.

        --to SEQUENCE  the command; without it, the last one in the journal
        --depth N      price levels a side (20)

        outcry replay BTC-USD --to 250000 --depth 5
      """
  ) { arguments in
    let wanted = try arguments.number("--to", Arguments.sequences)
    let depth = try arguments.number("--depth", 1...1_000_000) ?? 20
    let (symbol, history, end) = try arguments.past()
    let sequence = wanted ?? end
    guard sequence <= end else {
      throw Failure("the journal of \(symbol.name) ends at \(end)")
    }
    let (picture, snapshot) = try history.book(at: sequence, depth: Int(depth)) {
      printError("passed over a snapshot: \($0)")
    }
    print(heading(symbol, picture, snapshot: snapshot))
    print("\n" + ladder(symbol, picture))
  }

  private static func heading(_ symbol: Symbol, _ book: BookPicture, snapshot: UInt64) -> String {
    let trade = book.lastTrade
    let last = trade.side.map { side in
      "\(symbol.lot.text(trade.quantity)) @ \(symbol.tick.text(trade.price)), a \(side), "
        + "trade \(trade.id) at \(isoTime(micros: trade.time))"
    }
    let reference = book.referencePrice == 0 ? "none" : symbol.tick.text(book.referencePrice)
    return """
      \(symbol.name) after command \(book.sequence) at \(isoTime(micros: book.time))
      replayed from  \(snapshot == 0 ? "the start" : "the snapshot at \(snapshot)")
      market state   \(book.state)
      reference      \(reference)
      last trade     \(last ?? "none")
      open orders    \(book.openOrders)
      state hash     \(hexadecimal(book.stateHash))
      """
  }

  /// Asks above bids, the best of both in the middle.
  private static func ladder(_ symbol: Symbol, _ book: BookPicture) -> String {
    var table = Table(["SIDE", "PRICE", "QUANTITY"])
    func add(_ side: String, _ level: DepthLevel) {
      table.add([side, symbol.tick.text(level.price), symbol.lot.text(level.quantity)])
    }
    for level in book.asks.reversed() { add("ask", level) }
    for level in book.bids { add("bid", level) }
    let hidden = [
      ("asks", book.askLevels - book.asks.count), ("bids", book.bidLevels - book.bids.count),
    ]
    let more = hidden.filter { $0.1 > 0 }.map { "\($0.1) more levels of \($0.0)" }
    return ([table.text] + more).joined(separator: "\n")
  }
}
