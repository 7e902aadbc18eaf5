import OrderBook
import Postgres
import Settings
import Store
import Synchronization
import Wire

/// Tells the table of symbols what the journal has decided about a symbol's state and rules, where
/// that table is in another shard's database and the projection does not reach it.
///
/// It tells the last of what is not told yet, whenever that database can be reached; an engine that
/// starts tells all of it once more. So the table is right in the end, whatever is killed when.
final class SymbolMirror: Sendable {
  private struct News {
    var state: UInt8?
    var rules: Rules?
    var isEmpty: Bool { state == nil && rules == nil }
  }

  private let symbol: Symbol
  private let database: String
  private let log: Log
  private let news = Mutex(News())

  /// Nil where the table lies beside the journal.
  init?(_ symbol: Symbol, settings: Settings, log: Log) {
    guard !settings.hasAccounts else { return nil }
    self.symbol = symbol
    self.log = log
    database = settings.accounts
  }

  func note(state: UInt8?, rules: Rules?) {
    guard state != nil || rules != nil else { return }
    news.withLock {
      $0.state = state ?? $0.state
      $0.rules = rules ?? $0.rules
    }
  }

  func note(all state: borrowing OrderBook) {
    note(state: state.state.rawValue, rules: state.rules)
  }

  /// By a thread that may wait for a database that is away.
  func tell() {
    let known = news.withLock { news in
      defer { news = News() }
      return news
    }
    guard !known.isEmpty else { return }
    do throws(PostgresError) {
      let connection = try Connection(database, name: "outcry-mirror \(symbol.name)")
      try Symbols.follow(state: known.state, rules: known.rules, of: symbol.id, connection)
    } catch {
      log.warning("the table of symbols is out of reach", ["error": "\(error)"])
      news.withLock {
        $0.state = $0.state ?? known.state
        $0.rules = $0.rules ?? known.rules
      }
    }
  }
}
