import Feed
import Foundation
import Settings
import Synchronization
import TestSupport
import Wire

/// A book of nothing but levels, its board, and a publisher of it on a thread of its own.
final class Exchange: Sendable {
  let publisher: Publisher
  let sequence = Atomic<UInt64>(0)
  let trades = Atomic<UInt64>(0)
  /// How often the publisher lost Redis, and left out something.
  var losses: Int { board.losses.load(ordering: .relaxed) }
  var gaps: Int { board.gaps.load(ordering: .relaxed) }
  private let board: Board
  private let isRunning = Atomic<Bool>(true)

  static let symbol = Symbol(
    id: 1, name: "BTC-USD", base: "BTC", quote: "USD", tick: Scale(digits: 2, units: 1),
    lot: Scale(digits: 5, units: 1), rules: Rules())

  final class Board: Sendable {
    let levels = Mutex<[UInt8: [Int64: Int64]]>([1: [:], 2: [:]])
    let depth = Mutex(Depth())
    let losses = Atomic<Int>(0)
    let gaps = Atomic<Int>(0)
  }

  /// `position` and `history`: what its predecessor has done.
  init(
    _ redis: Address..., position: UInt64 = 0, history: MarketHistory = MarketHistory(),
    inboxCapacity: Int = 65_536
  ) {
    let board = Board()
    self.board = board
    sequence.store(position, ordering: .relaxed)
    board.depth.withLock { $0.sequence = position }
    publisher = Publisher(
      symbol: Exchange.symbol, redis: redis, position: position, history: history,
      inbox: FeedInbox(capacity: inboxCapacity),
      depth: { depth in
        depth = board.depth.withLock { $0 }
        return true
      },
      report: { status in
        if case .lost = status { board.losses.add(1, ordering: .relaxed) }
        if case .gap = status { board.gaps.add(1, ordering: .relaxed) }
      })
    Thread { [self] in
      publisher.run()
      isRunning.store(false, ordering: .releasing)
    }.start()
  }

  /// One command that changes a level or two, now and then with a trade; the board first, as the
  /// engine does it.
  func step(using random: inout some RandomNumberGenerator, trading: Bool = true) {
    let sequence = sequence.add(1, ordering: .relaxed).newValue
    var events: [Event] = []
    for _ in 0..<Int.random(in: 1...2, using: &random) {
      var event = Event()
      event.sequence = sequence
      event.time = Int64(sequence)
      event.kind = EventKind.rested.rawValue
      event.level_side = UInt8.random(in: 1...2, using: &random)
      event.level_price = 100 + Int64.random(in: 0..<40, using: &random)
      event.level_quantity = max(0, Int64.random(in: -5..<20, using: &random))
      if trading, Int.random(in: 0..<5, using: &random) == 0 {
        event.kind = EventKind.trade.rawValue
        event.trade_id = trades.add(1, ordering: .relaxed).newValue
        event.side = 1
        event.price = event.level_price
        event.quantity = 3
      }
      events.append(event)
    }
    publishBoard(events, sequence)
    var command = Command(.place)
    command.sequence = sequence
    events.withUnsafeBufferPointer { publisher.inbox.offer(command, $0) }
  }

  private func publishBoard(_ events: [Event], _ sequence: UInt64) {
    let (bids, asks) = board.levels.withLock { levels in
      for event in events {
        let quantity = event.level_quantity
        levels[event.level_side]![event.level_price] = quantity == 0 ? nil : quantity
      }
      return (Exchange.sorted(levels[1]!).reversed(), Exchange.sorted(levels[2]!))
    }
    board.depth.withLock { depth in
      depth.sequence = sequence
      depth.time = Int64(sequence)
      depth.bids = Array(bids)
      depth.asks = asks
      if let trade = events.last(where: { $0.kind == EventKind.trade.rawValue }) {
        depth.lastPrice = trade.price
      }
    }
  }

  private static func sorted(_ levels: [Int64: Int64]) -> [DepthLevel] {
    levels.map { DepthLevel(price: $0.key, quantity: $0.value) }.sorted { $0.price < $1.price }
  }

  var depth: Depth { board.depth.withLock { $0 } }

  /// Closes the inbox and waits for the publisher to end.
  func finish() -> Bool {
    publisher.inbox.close()
    return eventually { !isRunning.load(ordering: .acquiring) }
  }
}
