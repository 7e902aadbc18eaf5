import Replay

extension Commands {
  static let rebuild = Command(
    name: "rebuild", summary: "make the tables of orders, trades and positions again",
    help: """
      usage: outcry rebuild SYMBOL [--state FOLDER]

      Replays the symbol's journal from its start and makes its rows of the tables of orders,
      trades, candles and positions what they ought to be. It may be run while the exchange
      trades: the engine's own writing to these tables waits for the last part, and goes on behind
      it. Interrupted at any moment, it has changed nothing or everything.

      When the beginning of the journal is gone (OUTCRY_JOURNAL_KEEP), it starts from the oldest
      good snapshot that the journal continues. Orders that had ended by then, and earlier trades,
      stay as they are.

        outcry rebuild BTC-USD && outcry verify BTC-USD
      """
  ) { arguments in
    let (symbol, database) = try arguments.subject()
    do {
      let done = try Rebuilding.run(symbol, database: database) {
        printError("passed over a snapshot: \($0)")
      }
      let origin = done.snapshot == 0 ? "" : " from snapshot at \(done.snapshot)"
      print(
        "\(symbol.name): rebuilt\(origin) through \(done.sequence.grouped): "
          + "\(done.orders.grouped) orders, \(done.trades.grouped) trades; "
          + "\(done.repaired.grouped) rows were not what they ought to be")
      if done.contradictions > 0 {
        print(
          "\(symbol.name): \(done.contradictions.grouped) rows from before that snapshot are "
            + "wrong or missing; the journal no longer says what they were")
      }
    } catch {
      throw Failure("\(symbol.name) was not rebuilt, nothing has changed: \(error)")
    }
  }
}
