import Postgres
import Settings
import SharedMemory
import Store

/// The symbols of the whole exchange, as the manager of one shard deals with them: the directory
/// tells the workers of all, and engines run for those that live here and are not about to leave.
final class ShardSymbols {
  private let settings: Settings
  private let exchange: ExchangeSegment
  private let log: Log
  private var known: [UInt32: StoredSymbol] = [:]
  /// Which of them left, or never were here, and what they left in shared memory is still there.
  private var departed: Set<UInt32> = []
  /// Symbols on their way that nobody was taking there, when it was looked last.
  private var stranded: Set<UInt32> = []

  init(_ exchange: ExchangeSegment, settings: Settings, log: Log) {
    self.settings = settings
    self.exchange = exchange
    self.log = log
  }

  /// Those that are to have an engine.
  var wanted: [Symbol] { known.values.filter(isWanted).map(\.symbol) }

  func isWanted(_ id: UInt32) -> Bool { known[id].map(isWanted) ?? false }

  func name(_ id: UInt32) -> String { known[id]?.symbol.name ?? "" }

  private func isWanted(_ stored: StoredSymbol) -> Bool {
    settings.owns(shard: stored.symbol.shard) && !stored.isMoving
  }

  func read(_ connection: Connection) throws {
    for stored in try Symbols.list(connection) where known[stored.symbol.id] != stored {
      let symbol = stored.symbol
      let before = known[symbol.id]
      let place = SymbolPlace(
        shard: symbol.shard, state: stored.state, isMoving: stored.isMoving)
      try exchange.add(symbol, at: place)
      known[symbol.id] = stored
      if settings.owns(shard: symbol.shard) {
        departed.remove(symbol.id)
      } else {
        departed.insert(symbol.id)
      }
      if before?.symbol != symbol {
        log.info(
          before == nil ? "symbol found" : "symbol changed",
          ["symbol": symbol.name, "shard": settings.isSharded ? symbol.shard : nil])
      }
    }
  }

  /// Takes back what was on its way and nobody takes any further: whoever did was killed. A second
  /// in between is for somebody who goes on with it at once.
  func takeBack(_ connection: Connection) throws {
    let leaving = known.values.filter {
      $0.isMoving && settings.owns(shard: $0.symbol.shard)
    }.map(\.symbol)
    let before = stranded
    stranded = []
    for symbol in leaving where try Moves.claim(symbol.id, connection) {
      defer { try? Moves.release(symbol.id, connection) }
      guard before.contains(symbol.id) else {
        stranded.insert(symbol.id)
        continue
      }
      // It may have arrived since the list was read.
      guard let move = try Moves.find(symbol.id, connection), move.step != .moved else { continue }
      let own = try Connection(settings.database, name: "outcry-manager")
      try Moves.undo(symbol.id, connection, source: own)
      log.warning("a move was not brought to its end; the symbol stays", ["symbol": symbol.name])
    }
  }

  /// An old book of a symbol that left must mislead nobody when it comes back.
  func forgetDeparted() throws {
    for id in departed {
      guard let symbol = known[id]?.symbol else { continue }
      if let segment = try SymbolSegment.open(exchange.instance, symbolName: symbol.name, id: id) {
        defer { segment.segment.close() }
        if segment.committedSequence != 0 {
          // Its last engine may still be at it; then the next look will do.
          guard let lock = try segment.engineLock() else { continue }
          lock.forget()
          lock.release()
        }
      }
      departed.remove(id)
    }
  }
}
