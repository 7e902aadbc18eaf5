import API
import Accounts
import FastCGI
import Settings
import SharedMemory

/// One worker process: the threads between FastCGI and the engines.
///
/// | thread | |
/// |---|---|
/// | intake | reads requests, answers what it can, sends commands to engines |
/// | completion | answers what engines replied to, gives up on what took too long |
/// | database ×3, hashing ×2 | whatever waits for PostgreSQL or costs a password hash |
/// | figures | `/metrics` |
/// | listener | hears which credentials have ended |
public final class WorkerService: Sendable {
  public enum StartError: Error, CustomStringConvertible {
    case segment(SegmentError)
    case masterKey(MasterKeyError)
    /// More processes than the exchange has slots for.
    case noSlot

    public var description: String {
      switch self {
      case .segment(let error): error.description
      case .masterKey(let error): error.description
      case .noSlot: "all worker slots are in use"
      }
    }
  }

  private let core: Core

  public init(settings: Settings, server: Server, log: Log) throws(StartError) {
    let exchange: ExchangeSegment
    let slot: WorkerSlot?
    let limits: AccountLimits
    do throws(SegmentError) {
      exchange = try ExchangeSegment.openOrCreate(try Instance(name: settings.instance))
      slot = try exchange.claimWorkerSlot()
      limits = try AccountLimits(
        exchange, requests: settings.accountRate, orders: settings.accountOrders)
    } catch {
      throw .segment(error)
    }
    guard let slot else { throw .noSlot }
    let master: MasterKey
    let adminKey: AdminKey?
    do throws(MasterKeyError) {
      master = try MasterKey.loadOrCreate(settings.secretFile)
      adminKey = try AdminKey.load(settings.adminKeyFile)
    } catch {
      throw .masterKey(error)
    }
    core = Core(
      settings: settings, server: server, exchange: exchange, slot: slot,
      authenticator: Authenticator(master: master, cache: CredentialCache()),
      accounts: AccountStore(master: master), adminKey: adminKey, limits: limits, log: log)
  }

  /// `whenDrained` is called when `drain` was and nothing is left to do.
  public func start(whenDrained: @escaping @Sendable () -> Void) {
    core.slow.start(core)
    startThread("completion") { [core] in Completion(core).run() }
    startThread("listener") { [core] in CredentialListener.run(core) }
    startThread("intake") { [core] in
      Intake(core).run()
      whenDrained()
    }
  }

  public func drain() { core.server.drain() }

  /// Requests that wait for an engine, and for a thread that reads the database.
  public var waiting: (engines: Int, database: Int) { (core.pending.count, core.slow.queued) }

  /// Requests refused because their account had asked too often.
  public var limited: UInt64 { core.limits.refused }

  /// What the thread that answers for engines is doing.
  public var completing: Pulse { core.completing }

  /// A line of the scoreboard for the worker as a whole.
  public func claimScore() throws(SegmentError) -> Score? {
    try core.exchange.claimScore(.worker, number: UInt32(core.slot.index))
  }

  /// Shows what the process costs on its line of the scoreboard.
  public func usage(_ score: Score?) -> ProcessUsage {
    ProcessUsage(core.exchange, role: .worker, score: score)
  }

  /// Now and then: what could not be done before is tried again.
  public func tend() { core.markets.repair() }
}

/// The thread that reads requests. Nothing here waits for anything but the next of them.
struct Intake {
  private let core: Core
  private let handler: Handler

  init(_ core: Core) {
    self.core = core
    handler = Handler(core, .intake)
  }

  func run() {
    while true {
      switch core.server.next() {
      case .quiet: continue
      case .drained: return
      case .request(let request):
        let now = Clock.monotonicNanos()
        let deadline = now + core.deadlineNanos
        core.journeys.begin(request, at: now)
        switch core.server.readBody(of: request) {
        case .complete(let body):
          handler.handle(Inquiry(request, body: body, deadline: deadline))
        case .tooLarge: handler.fail(.bodyTooLarge, request)
        case .broken: core.server.finish(request)
        }
      }
    }
  }
}
