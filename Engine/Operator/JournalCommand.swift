import Replay
import Wire

extension Commands {
  static let journal = Command(
    name: "journal", summary: "print a symbol's accepted commands",
    help: """
      usage: outcry journal SYMBOL [--from SEQUENCE] [--limit N] [--state FOLDER]

      Prints accepted commands in order, the newest last: sequence, time, what was asked. What is
      at its default (good till cancelled, a self-trade cancels the taker) is left out.

        --from SEQUENCE  begin here; without it, the last commands are printed
        --limit N        how many (50)

        outcry journal BTC-USD --from 1000 --limit 20
      """
  ) { arguments in
    let from = try arguments.number("--from", Arguments.sequences)
    let limit = try arguments.number("--limit", 1...1_000_000_000) ?? 50
    let (symbol, history, end) = try arguments.past()
    let start = try history.start()
    let first = from ?? max(start, end > limit ? end - limit + 1 : 1)
    guard first >= start else {
      throw Failure("the journal of \(symbol.name) begins at \(start)")
    }
    let width = "\(end)".count
    let text = CommandText(symbol)
    var known: UInt64?
    try history.commands(from: first, limit: Int(limit)) { command, epoch in
      if epoch != known { print("\("".padded(to: width))  -- written in epoch \(epoch)") }
      known = epoch
      print("\("\(command.sequence)".paddedLeft(to: width))  \(text.line(command))")
    }
  }
}
