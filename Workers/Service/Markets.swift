import API
import SharedMemory
import Synchronization

/// A symbol as a worker deals with it.
final class Market: Sendable {
  let entry: API.SymbolEntry
  /// Nil when there is no shared memory left for it.
  let segment: SymbolSegment?
  private let directory: SharedMemory.SymbolEntry?
  private let waiting = Atomic(0)

  /// An engine that is away keeps its requests waiting; without a bound these would take the
  /// mailboxes of every other symbol too.
  static let mostWaiting = 720

  init(
    entry: API.SymbolEntry, segment: SymbolSegment?, directory: SharedMemory.SymbolEntry?
  ) {
    self.entry = entry
    self.directory = directory
    self.segment = segment
  }

  /// Where it is now.
  var place: SymbolPlace { directory?.place ?? SymbolPlace(shard: entry.symbol.shard) }

  /// It has come to this shard, and no engine has shown it here yet. Whoever asks for it waits.
  var isArriving: Bool { segment?.committedSequence == 0 }

  /// Whether one more request may wait for this symbol's engine.
  func admit() -> Bool {
    if waiting.add(1, ordering: .relaxed).newValue <= Market.mostWaiting { return true }
    leave()
    return false
  }

  func leave() { waiting.subtract(1, ordering: .relaxed) }
}

/// The symbols of the exchange as they were at one moment.
final class MarketTable: Sendable {
  let names: SymbolTable
  let markets: [Market]
  private let byID: [UInt32: Market]
  /// How many entries the directory had.
  let count: Int
  let isComplete: Bool

  init(_ exchange: ExchangeSegment, before: MarketTable?) {
    count = exchange.count
    var markets: [Market] = []
    for symbol in exchange.all.prefix(count) {
      if let known = before?.byID[symbol.id], known.segment != nil {
        markets.append(known)
      } else if let entry = API.SymbolEntry(symbol) {
        let segment = try? SymbolSegment.openOrCreate(
          exchange.instance, symbolName: symbol.name, id: symbol.id)
        markets.append(
          Market(entry: entry, segment: segment, directory: exchange.entry(id: symbol.id)))
      }
    }
    self.markets = markets
    names = SymbolTable(markets.map(\.entry))
    byID = Dictionary(uniqueKeysWithValues: markets.map { ($0.entry.symbol.id, $0) })
    isComplete = markets.allSatisfy { $0.segment != nil }
  }

  subscript(id: UInt32) -> Market? { byID[id] }

  subscript(name: String) -> Market? {
    names.entry(named: name).flatMap { byID[$0.symbol.id] }
  }
}

/// The newest table. Symbols are only ever added, and are found as soon as the directory has them.
final class Markets: Sendable {
  private let exchange: ExchangeSegment
  private let table: Mutex<MarketTable>

  init(_ exchange: ExchangeSegment) {
    self.exchange = exchange
    table = Mutex(MarketTable(exchange, before: nil))
  }

  var current: MarketTable {
    table.withLock { table in
      if table.count != exchange.count { table = MarketTable(exchange, before: table) }
      return table
    }
  }

  /// Tries again to open what could not be opened; now and then.
  func repair() {
    table.withLock { table in
      if !table.isComplete { table = MarketTable(exchange, before: table) }
    }
  }
}
