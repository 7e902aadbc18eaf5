import Glibc
import Postgres
import Store
import Wire

/// Moves a symbol to another shard while it trades.
///
/// Its requests wait for the short time in which neither shard has an engine for it: from when the
/// source's has ended until the target's is there. Each step may be done twice and is remembered in
/// the database of the symbols; so a move that was killed goes on where it was.
public final class Move {
  public struct Failure: Error, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
  }

  /// An engine repeats so many commands in no time.
  private static let fewCommands: UInt64 = 2000
  /// What is copied in less time is left for when nobody trades; so often that is hoped for.
  package struct Copying: Sendable {
    package var shortSeconds = 0.25
    package var mostTimes = 60
  }
  private static let claimPatience = 5.0
  private static let enginePatience = 5.0
  private static let arrivalPatience = 30.0
  /// By then every worker of the source has heard that the symbol is gone.
  private static let lastReaders = 2.0

  public let symbol: Symbol
  /// Nil when there is nothing left to do.
  public private(set) var stored: StoredMove?
  /// How long no engine took requests, as far as this process has seen it.
  public private(set) var pauseSeconds: Double?

  package var copying = Copying()
  private let accounts: Connection
  private let databases: (Int) throws -> String
  private let note: (String) -> Void
  private var copy: SymbolCopy?
  private var stoppedAt: Double?

  /// Begins to move the symbol, or finds the move that was begun. To where it comes from means that
  /// it stays. `databases` says where a shard's is, `isThere` whether anybody would serve it there;
  /// `note` is told what is being done.
  public init(
    _ name: String, to target: Int, accounts: String,
    databases: @escaping (Int) throws -> String, isThere: (Int) -> Bool = { _ in true },
    note: @escaping (String) -> Void = { _ in }
  ) throws {
    self.accounts = try Connection(accounts, name: "outcry-move")
    self.databases = databases
    self.note = note
    guard let found = try Symbols.find(name, self.accounts) else {
      throw Failure("there is no symbol \(name); `outcry symbols list` shows them")
    }
    symbol = found.symbol
    // A manager that looks after one that was killed has the claim for a moment, and so has the
    // killed one itself, until PostgreSQL notices.
    let id = symbol.id
    guard try Move.wait(seconds: Move.claimPatience, { try Moves.claim(id, self.accounts) }) else {
      throw Failure("\(name) is being moved by somebody else right now")
    }
    stored = try Moves.find(symbol.id, self.accounts)
    try begin(to: target, isThere)
  }

  private func begin(to target: Int, _ isThere: (Int) -> Bool) throws {
    if let stored {
      if stored.target == target {
        return note("going on with the move from shard \(stored.source)")
      }
      guard stored.source == target else {
        throw Failure(
          "\(symbol.name) is on its way from shard \(stored.source) to \(stored.target); "
            + "let it arrive, or move it to \(stored.source), where it stays then")
      }
      if stored.step != .moved { return try undo() }
      // It has arrived there; what is left of that move comes first.
      while self.stored != nil { try advance() }
    }
    let source = Int(try Symbols.find(symbol.name, accounts)?.symbol.shard ?? symbol.shard)
    if source == target { return }
    guard isThere(target) else { throw Failure("nobody answers at shard \(target)") }
    _ = try (databases(source), databases(target))
    let move = StoredMove(symbol: symbol.id, source: source, target: target, step: .copying)
    try Moves.begin(move, accounts)
    stored = move
  }

  /// To the end. When the symbol cannot leave, it goes on trading where it was. What fails while it
  /// is copied can be gone on with, unless it was given up.
  public func run() throws {
    do {
      while stored != nil { try advance() }
    } catch {
      guard let step = try Moves.find(symbol.id, accounts)?.step, step != .moved,
        step != .copying || error is Failure
      else { throw error }
      try undo()
      throw Failure("\(symbol.name) stays where it was: \(error)")
    }
  }

  /// Does one step.
  public func advance() throws {
    guard let move = stored else { return }
    switch move.step {
    case .copying:
      try copyWhileTrading(move)
      try reach(.stopping)
    case .stopping:
      stoppedAt = stoppedAt ?? Move.seconds()
      try copyTheRest(move)
      try reach(.complete)
    case .complete:
      // It may have lived there before.
      try Departures.remove(symbol.id, try connection(move.target))
      try reach(.moved)
    case .moved:
      try waitForArrival(move)
      try clean(move)
      try Moves.end(symbol.id, accounts)
      stored = nil
      try Moves.release(symbol.id, accounts)
    }
  }

  /// The symbol goes on at its source, whose journal has a record more.
  public func undo() throws {
    guard let move = stored, move.step != .moved else { return }
    try Moves.undo(symbol.id, accounts, source: try connection(move.source))
    stored = nil
    try Moves.release(symbol.id, accounts)
    note("it stays at shard \(move.source)")
  }

  private func reach(_ step: StoredMove.Step) throws {
    if step == .stopping { stoppedAt = Move.seconds() }
    try Moves.advance(symbol.id, to: step, accounts)
    stored?.step = step
  }

  // MARK: - Steps

  private func copyWhileTrading(_ move: StoredMove) throws {
    note("copying journal and tables from shard \(move.source) to \(move.target)")
    let copy = try openCopy(move)
    try copy.begin()
    let position = try copy.follow()
    try copy.compare(through: position)
    try copyUntilShort(copy)
    try copy.storeSnapshot(unlessWithin: Move.fewCommands)
    try copyUntilShort(copy)
  }

  /// What came while the last part was copied is less than that, unless it trades faster.
  private func copyUntilShort(_ copy: SymbolCopy) throws {
    for _ in 0..<copying.mostTimes {
      let start = Move.seconds()
      try copy.follow()
      if Move.seconds() - start < copying.shortSeconds { return }
    }
    throw Failure("\(symbol.name) trades faster than it can be copied")
  }

  private func copyTheRest(_ move: StoredMove) throws {
    note("stopping its engine at shard \(move.source)")
    let copy = try openCopy(move)
    let source = try connection(move.source)
    // Most of the rest is copied when the engine has gone; one that does not go is fenced off.
    _ = try Move.wait(seconds: Move.enginePatience) { try !isEngineThere(source) }
    try copy.begin()
    try copy.follow()
    let end = try Fence.put(symbol, target: move.target, database: databases(move.source))
    try Departures.note(end.sequence, of: symbol.id, source)
    guard try copy.follow() == end.sequence else {
      throw Failure("the journal did not end at its fence, \(end.sequence)")
    }
  }

  private func waitForArrival(_ move: StoredMove) throws {
    note("waiting for its engine at shard \(move.target)")
    let target = try connection(move.target)
    let fence = try Departures.find(symbol.id, try connection(move.source))?.sequence ?? 0
    let isThere = try Move.wait(seconds: Move.arrivalPatience) {
      try Fence.head(symbol.id, target).sequence > fence
    }
    guard isThere else {
      throw Failure(
        "no engine has started at shard \(move.target) yet; the symbol is there all the same. "
          + "Run this again when it has: what shard \(move.source) still has is kept until then")
    }
    if let stoppedAt { pauseSeconds = Move.seconds() - stoppedAt }
  }

  /// The departure stays: an engine that is started there by hand has to know.
  private func clean(_ move: StoredMove) throws {
    note("removing what shard \(move.source) still has")
    usleep(UInt32(Move.lastReaders * 1e6))
    try SymbolCopy.erase(symbol.id, try connection(move.source))
  }

  // MARK: - Helpers

  private func openCopy(_ move: StoredMove) throws -> SymbolCopy {
    if let copy { return copy }
    let opened = try SymbolCopy(
      symbol.id, from: databases(move.source), to: databases(move.target))
    copy = opened
    return opened
  }

  private func connection(_ shard: Int) throws -> Connection {
    let opened = try Connection(databases(shard), name: "outcry-move")
    try Schema.migrate(opened)
    return opened
  }

  private func isEngineThere(_ source: Connection) throws -> Bool {
    try source.query(
      """
      select exists (select from pg_stat_activity
        where datname = current_database() and application_name = $1)
      """, .text(Journal.sessionName(ofEngineFor: symbol.name))
    ).bool(0, 0)
  }

  private static func wait(seconds patience: Double, _ condition: () throws -> Bool) throws -> Bool
  {
    let end = Move.seconds() + patience
    while try !condition() {
      guard Move.seconds() < end else { return false }
      usleep(5000)
    }
    return true
  }

  private static func seconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
