import OrderBook
import Postgres
import Store
import SymbolState
import Wire

/// Where what is left of a symbol's journal can be replayed from.
enum Beginning {
  /// The state before the journal's first command; when that is no longer the symbol's first one,
  /// the oldest good snapshot that the journal continues and that is not ahead of the tables.
  static func state(
    _ symbol: UInt32, _ journal: JournalReader, _ snapshots: Snapshots, through position: UInt64,
    passedOver: (Difference) -> Void
  ) throws -> SymbolState {
    guard let start = try journal.start(), start > 1 else { return try SymbolState(symbol: symbol) }
    for label in try snapshots.labels(through: position).reversed()
    where label.sequence + 1 >= start {
      do {
        return try snapshots.load(label, of: symbol)
      } catch {
        if case SnapshotError.database(let error) = error { throw error }
        // The engine removes old ones while it works.
        guard try snapshots.labels(through: label.sequence).contains(label) else { continue }
        passedOver(.snapshotDamaged(sequence: label.sequence, what: "\(error)"))
      }
    }
    throw Difference.journalBegins(at: start)
  }
}

/// A moment of a symbol that its tables are made again from; the very first when all is zero.
struct Origin {
  var sequence: UInt64
  var time: Int64
  /// The id of the last trade up to then.
  var trade: UInt64
  /// No order placed later has a smaller id than this or the same.
  var order: UInt64

  init(_ state: borrowing SymbolState) {
    sequence = state.sequence
    time = state.time
    trade = state.book.lastTrade.id
    order = OrderID.make(symbol: state.symbol, sequence: state.sequence)
  }
}

extension SymbolState {
  /// As far as a state knows them: not who touched them last, nor when.
  borrowing func openOrders() -> [ProjectedOrder] {
    var orders: [ProjectedOrder] = []
    book.forEachOrder { view in
      var answer = Answer()
      view.write(to: &answer)
      orders.append(ProjectedOrder(open: answer, account: view.account))
    }
    return orders
  }
}
