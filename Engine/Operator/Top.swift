import Glibc
import Metrics
import Settings
import SharedMemory
import Supervision

extension Commands {
  static let top = Command(
    name: "top", summary: "watch the exchange work, refreshed every second",
    help: """
      usage: outcry top [--interval SECONDS] [--once] [--shard N] [--state FOLDER]

      Orders and requests a second with their latencies, the worker processes, PostgreSQL and Redis,
      and the symbols, the busiest first: requests in the ring, commands a second, how long commits
      took, and how far the tables are behind. Everything is read from shared memory: looking costs
      the exchange nothing. Latencies are those of the interval.

        --interval SECONDS  0.1 to 3600 (1)
        --shard N           of this shard (0), where there are several
        --once              print it once, after one interval, and end; so it does when its output
                            is no terminal

      q or Ctrl-C ends it.
      """
  ) { arguments in
    let place = try Place(&arguments)
    let text = try arguments.option("--interval") ?? "1"
    guard let interval = Double(text), (0.1...3600).contains(interval) else {
      throw Usage("--interval needs a number of seconds from 0.1 to 3600", for: "top")
    }
    let isOnce = arguments.flag("--once")
    let shard = Int(try arguments.number("--shard", 0...UInt64(ShardAddresses.most - 1)) ?? 0)
    try arguments.end()
    let folder = try place.existing()
    guard SupervisorLock.holder(of: folder.pidFile) != nil else {
      print("Outcry is down: `outcry up` starts it.")
      exit(3)
    }
    let stack = try place.stack(in: folder)
    guard shard < stack.shardCount else { throw Failure("there is no shard \(shard) here") }
    let view = TopView(
      folder: folder, instance: try Instance(name: stack.instances[shard]),
      shard: stack.settings.isSharded ? UInt32(shard) : nil, interval: interval)
    if isOnce || !Terminal.isThere {
      let before = try view.read()
      usleep(UInt32(interval * 1e6))
      print(try view.lines(since: before, rows: .max).lines.joined(separator: "\n"))
    } else {
      try view.run()
    }
  }
}

/// The live view.
private struct TopView {
  let folder: StateFolder
  let instance: Instance
  let shard: UInt32?
  let interval: Double

  func read() throws -> ExchangeFigures {
    guard let exchange = try ExchangeSegment.open(instance) else {
      throw Failure("the exchange has no shared memory: is it being stopped?")
    }
    // Opened anew each time: `outcry down` and `up` in between make another one.
    defer { exchange.segment.close() }
    return try ExchangeFigures(exchange, shard: shard)
  }

  func run() throws {
    let terminal = Terminal()
    defer { terminal.restore() }
    var before = try read()
    terminal.show(["measuring ..."])
    while terminal.wait(seconds: interval) {
      let (lines, now) = try lines(since: before, rows: terminal.size.rows)
      terminal.show(lines)
      before = now
    }
  }

  func lines(since before: ExchangeFigures, rows: Int) throws
    -> (lines: [String], now: ExchangeFigures)
  {
    let now = try read()
    let overview = Overview(change: FiguresChange(from: before, to: now))
    let up = Overview.age(seconds: Int((Clock.wallMicros() - now.createdAt) / 1_000_000))
    var lines = ["outcry \(instance.name)   up \(up)   every \(Overview.seconds(interval))", ""]
    lines += overview.summary(ProgramStatus.all(in: folder.statusFile))
    lines += [""] + overview.processes.split(separator: "\n").map(String.init) + [""]
    let symbols = overview.busiest
    // The head of the table, and a line that says what is left out.
    let room = max(3, rows == .max ? .max : rows - lines.count - 3)
    lines += overview.symbols(Array(symbols.prefix(room))).split(separator: "\n").map(String.init)
    if symbols.count > room { lines.append("and \(symbols.count - room) symbols more") }
    return (lines, now)
  }
}

extension Overview {
  static func seconds(_ interval: Double) -> String {
    interval == interval.rounded() ? "\(Int(interval)) s" : "\(interval) s"
  }
}
