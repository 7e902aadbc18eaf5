import Glibc
import Postgres
import SharedMemory
import Store
import TestSupport
import Testing
import Wire

/// A real engine process of BTC-USD, this process in the place of a worker, and the operator's
/// tool beside it.
final class LiveExchange {
  let database = TestPostgres.shared.newDatabase()
  let connection: Connection
  let instance: Instance
  let segment: SymbolSegment
  private let exchange: ExchangeSegment
  private let slot: WorkerSlot
  private let folder = TemporaryFolder("live")
  private let engine: ChildProcess
  private let janitor: Janitor
  private var number = 0

  init() throws {
    connection = try Connection(database)
    try Schema.migrate(connection)
    let name = "r\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    instance = try Instance(name: name)
    janitor = Janitor(command: "rm -f /dev/shm/outcry.\(name).*")
    exchange = try ExchangeSegment.openOrCreate(instance)
    slot = try #require(try exchange.claimWorkerSlot())
    segment = try SymbolSegment.openOrCreate(instance, symbolName: "BTC-USD", id: 1)
    engine = ChildProcess(
      Products.path(of: "outcry-engine"), ["--symbol", "BTC-USD"],
      environment: [
        "OUTCRY_INSTANCE": name, "OUTCRY_DATABASE": database, "OUTCRY_SNAPSHOT_EVERY": "1000",
      ], outputPath: folder.file("engine.log"))
  }

  deinit {
    engine.kill()
    _ = engine.wait()
    instance.removeAll()
  }

  /// A hundred orders in one request, answered; some of them trade.
  func trade() throws {
    let mailbox = try #require(slot.acquireLarge())
    defer { slot.release(mailbox) }
    for index in 0..<100 {
      number += 1
      var command = Command(.place, account: UInt64(1 + number % 5))
      command.side = (number % 3 == 0 ? Side.sell : .buy).rawValue
      command.type = OrderType.limit.rawValue
      command.time_in_force = UInt8(1 + number % 2)
      command.self_trade_prevention = SelfTradePrevention.cancelMaker.rawValue
      command.terms.price = Int64(1000 + number * 7919 % 100)
      command.terms.quantity = Int64(1 + number % 4)
      command.setKey(Array("n\(number)".utf8))
      mailbox.commands[index] = command
    }
    let reference = mailbox.post(symbolID: 1, count: 100)
    #expect(segment.ring.push(reference) != nil)
    #expect(eventually { mailbox.isAnswered }, "\(engine.output)")
  }

  /// Waits until the tables are where the journal is.
  func settle() -> Bool {
    eventually { segment.projectedSequence == segment.committedSequence }
  }

  func start(_ arguments: String...) -> ChildProcess {
    ChildProcess(
      Products.path(of: "outcry"), arguments + ["--state", folder.path],
      environment: ["OUTCRY_INSTANCE": instance.name, "OUTCRY_DATABASE": database])
  }

  /// Runs the tool while orders go on coming; how it ended and what it said.
  func outcry(_ arguments: String..., trading: Bool = false) throws -> (ChildProcess.Exit?, String)
  {
    let tool = ChildProcess(
      Products.path(of: "outcry"), arguments + ["--state", folder.path],
      environment: ["OUTCRY_INSTANCE": instance.name, "OUTCRY_DATABASE": database])
    while trading && tool.isRunning { try trade() }
    return (tool.wait(within: 60), tool.output)
  }
}
