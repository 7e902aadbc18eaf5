import Replay

extension Commands {
  static let rebuild = Command(
    name: "rebuild", summary: "make the tables of orders and trades again from the journal",
    help: """
      usage: outcry rebuild SYMBOL [--state FOLDER]

      Replays the symbol's journal from its start and makes its rows of the tables of orders and
      trades what they ought to be. It may be run while the exchange trades: the engine's own
      writing to these tables waits for the last part, and goes on behind it. Interrupted at any
      moment, it has changed nothing or everything.

        outcry rebuild BTC-USD && outcry verify BTC-USD
      """
  ) { arguments in
    let (symbol, database) = try arguments.subject()
    do {
      let done = try Rebuilding.run(symbol, database: database)
      print(
        "\(symbol.name): rebuilt through \(done.sequence.grouped): "
          + "\(done.orders.grouped) orders, \(done.trades.grouped) trades; "
          + "\(done.repaired.grouped) rows were not what they ought to be")
    } catch {
      throw Failure("\(symbol.name) was not rebuilt, nothing has changed: \(error)")
    }
  }
}
