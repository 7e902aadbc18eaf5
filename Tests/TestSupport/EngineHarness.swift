import Glibc
import Postgres
import SharedMemory

/// A database, an instance and real engine processes, with this process in the place of a worker.
package final class EngineHarness {
  package let postgres: TestPostgres
  package let database: String
  package let instance: Instance
  package let exchange: ExchangeSegment
  package let slot: WorkerSlot
  package let folder = TemporaryFolder("engine")
  package private(set) var engine: ChildProcess?
  private var started = 0
  private let janitor: Janitor

  package init(postgres: TestPostgres = .shared, database: String? = nil) throws {
    self.postgres = postgres
    self.database = database ?? postgres.newDatabase()
    let name = "t\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    instance = try Instance(name: name)
    janitor = Janitor(command: "rm -f /dev/shm/outcry.\(name).*")
    exchange = try ExchangeSegment.openOrCreate(instance)
    guard let slot = try exchange.claimWorkerSlot() else { throw NoneLeft(what: "worker slot") }
    self.slot = slot
  }

  deinit {
    engine?.kill()
    _ = engine?.wait()
    instance.removeAll()
  }

  package var environment: [String: String] {
    ["OUTCRY_INSTANCE": instance.name, "OUTCRY_DATABASE": database]
  }

  /// Starts the engine of a symbol; the one started last is `engine`.
  @discardableResult
  package func start(_ symbol: String = "BTC-USD", environment more: [String: String] = [:]) throws
    -> ChildProcess
  {
    started += 1
    let process = ChildProcess(
      Products.path(of: "outcry-engine"), ["--symbol", symbol],
      environment: environment.merging(more) { $1 },
      outputPath: folder.file("engine-\(started).log"))
    engine = process
    return process
  }

  package func segment(_ symbol: String = "BTC-USD", id: UInt32 = 1) throws -> SymbolSegment {
    try SymbolSegment.openOrCreate(instance, symbolName: symbol, id: id)
  }

  package func connect() throws -> Connection { try Connection(database) }
}

/// What came of one request.
package enum Outcome: Equatable {
  case answered([Reply])
  case nothingDone
  case unknown
  case ringFull
}

package struct Reply: Equatable {
  package var refusal: Refusal?
  package var status: OrderStatus?
  package var isDuplicate: Bool
  package var sequence: UInt64
  package var order: UInt64
  package var filled: Int64
  package var remaining: Int64
  package var fills: Int
}

/// A request under way.
package struct Pending {
  package let mailbox: Mailbox
  package let isQueued: Bool
}

extension EngineHarness {
  package func post(_ commands: [Command], to segment: SymbolSegment) throws -> Pending {
    let acquired = commands.count > 16 ? slot.acquireLarge() : slot.acquireSmall()
    guard let mailbox = acquired else { throw NoneLeft(what: "mailbox") }
    for (index, command) in commands.enumerated() { mailbox.commands[index] = command }
    let reference = mailbox.post(symbolID: segment.symbolID, count: commands.count)
    return Pending(mailbox: mailbox, isQueued: segment.ring.push(reference) != nil)
  }

  package func finish(_ pending: Pending, within seconds: Double = 30) -> Outcome {
    defer { slot.release(pending.mailbox) }
    let deadline = Clock.monotonicNanos() + Int64(seconds * 1e9)
    while pending.isQueued, !pending.mailbox.isAnswered, Clock.monotonicNanos() < deadline {
      let seen = slot.bell.now
      if pending.mailbox.isAnswered { break }
      slot.bell.wait(after: seen, timeoutNanos: 50_000_000)
    }
    if !pending.mailbox.isAnswered {
      switch pending.mailbox.giveUp() {
      case .nothingDone: return pending.isQueued ? .nothingDone : .ringFull
      case .unknown, .retry: return .unknown
      case .answered: break
      }
    }
    return .answered(
      pending.mailbox.answers.map { answer in
        Reply(
          refusal: Refusal(rawValue: answer.refusal), status: OrderStatus(rawValue: answer.status),
          isDuplicate: AnswerFlags(rawValue: answer.flags).contains(.duplicate),
          sequence: answer.sequence, order: answer.order_id, filled: answer.filled,
          remaining: answer.remaining, fills: pending.mailbox.fills(of: answer).count)
      })
  }

  package func ask(_ commands: [Command], of segment: SymbolSegment, within seconds: Double = 30)
    throws
    -> Outcome
  {
    finish(try post(commands, to: segment), within: seconds)
  }

  /// The one answer to one command.
  package func ask(_ command: Command, of segment: SymbolSegment) throws -> Reply {
    let outcome = try ask([command], of: segment)
    guard case .answered(let replies) = outcome, let reply = replies.first else {
      throw Unanswered(outcome: outcome)
    }
    return reply
  }
}

package struct NoneLeft: Error {
  package let what: String
}

package struct Unanswered: Error {
  package let outcome: Outcome
}

/// A limit order of one lot price level, under a key of its own.
package func limit(
  _ side: Side, _ quantity: Int64, at price: Int64, account: UInt64 = 1, key: String = ""
) -> Command {
  var command = Command(.place, account: account)
  command.side = side.rawValue
  command.type = OrderType.limit.rawValue
  command.time_in_force = TimeInForce.goodTillCancelled.rawValue
  command.self_trade_prevention = SelfTradePrevention.cancelTaker.rawValue
  command.terms.price = price
  command.terms.quantity = quantity
  command.setKey(Array(key.utf8))
  return command
}

package func cancel(_ order: UInt64, account: UInt64 = 1, key: String = "") -> Command {
  var command = Command(.cancel, account: account)
  command.order_id = order
  command.setKey(Array(key.utf8))
  return command
}
