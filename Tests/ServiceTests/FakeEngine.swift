import Foundation
import SharedMemory
import Synchronization

/// Stands in for an engine where a test needs one that fails in a certain way: it takes requests
/// from the ring as an engine does and answers with what the test says.
final class FakeEngine: @unchecked Sendable {
  typealias Brain = @Sendable (Command) -> (Answer, [Fill])?

  let symbol: SymbolSegment
  private let exchange: ExchangeSegment
  private let lock: EngineLock
  private let isOver = Atomic(false)
  private let isDone = Atomic(false)
  let seen = Mutex<[Command]>([])

  /// A brain that returns nil takes the request and never answers it.
  init(
    _ exchange: ExchangeSegment, _ name: String, id: UInt32,
    brain: @escaping Brain = FakeEngine.resting()
  ) throws {
    self.exchange = exchange
    symbol = try SymbolSegment.openOrCreate(exchange.instance, symbolName: name, id: id)
    lock = try symbol.engineLock()!
    let empty = UnsafeBufferPointer<BoardLevel>(start: nil, count: 0)
    var summary = BoardSummary()
    summary.state = MarketState.trading.rawValue
    lock.boardWriter.publish(summary, bids: empty, asks: empty)
    let thread = Thread { [self] in run(brain) }
    thread.start()
  }

  func stop() {
    isOver.store(true, ordering: .sequentiallyConsistent)
    symbol.wakeEngine()
    while !isDone.load(ordering: .acquiring) { sched_yield() }
    lock.release()
  }

  func setCommitted(_ sequence: UInt64) { lock.setCommitted(sequence) }
  func setProjected(_ sequence: UInt64) { lock.setProjected(sequence) }

  func publish(bids: [(Int64, Int64)], asks: [(Int64, Int64)], sequence: UInt64) {
    var summary = BoardSummary()
    summary.sequence = sequence
    summary.state = MarketState.trading.rawValue
    let levels = { (side: [(Int64, Int64)]) in
      side.map { BoardLevel(price: $0.0, quantity: $0.1) }
    }
    levels(bids).withUnsafeBufferPointer { bids in
      levels(asks).withUnsafeBufferPointer { asks in
        lock.boardWriter.publish(summary, bids: bids, asks: asks)
      }
    }
  }

  private func run(_ brain: Brain) {
    let desk = lock.desk(in: exchange)
    var bells = lock.bells(in: exchange)
    var (reader, releaser) = lock.ringEnds()
    while !isOver.load(ordering: .sequentiallyConsistent) {
      guard let (position, reference) = reader.next() else {
        _ = reader.waitForWork(timeoutNanos: 20_000_000)
        continue
      }
      var commands: [Command] = []
      if case .taken(let request) = desk.take(reference, copy: { commands = Array($0) }) {
        seen.withLock { $0 += commands }
        let replies = commands.map(brain)
        if replies.allSatisfy({ $0 != nil }), var writer = desk.beginReply(to: request) {
          for case (let answer, let fills)? in replies {
            fills.withUnsafeBufferPointer { writer.append(answer, fills: $0) }
          }
          writer.finish(touching: &bells)
          bells.ringAll()
        }
      }
      releaser.release(through: position)
    }
    isDone.store(true, ordering: .releasing)
  }
}

extension FakeEngine {
  /// Accepts everything and lets it rest.
  static func resting() -> Brain {
    let counter = Counter()
    return { command in
      let sequence = counter.next()
      var answer = Answer()
      answer.version = 1
      answer.status = OrderStatus.open.rawValue
      answer.side = command.side
      answer.type = command.type
      answer.time_in_force = command.time_in_force
      answer.self_trade_prevention = command.self_trade_prevention
      answer.order_flags = command.flags
      answer.key_length = command.key_length
      answer.key = command.key
      answer.sequence = sequence
      answer.order_id =
        command.kind == CommandKind.place.rawValue
        ? OrderID.make(symbol: 1, sequence: sequence) : command.order_id
      answer.terms = command.terms
      answer.remaining = command.terms.quantity
      answer.created_at = 1_790_000_000_000_000
      return (answer, [])
    }
  }
}

final class Counter: Sendable {
  private let value = Atomic<UInt64>(0)
  func next() -> UInt64 { value.add(1, ordering: .relaxed).newValue }
}
