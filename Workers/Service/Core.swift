import API
import Accounts
import FastCGI
import Glibc
import Settings
import SharedMemory

/// What all threads of one worker share.
final class Core: Sendable {
  let settings: Settings
  let server: Server
  let exchange: ExchangeSegment
  let slot: WorkerSlot
  let markets: Markets
  let pending = PendingTable()
  /// What the completion thread is doing.
  let completing = Pulse()
  let slow = SlowPool()
  /// To workers of other shards.
  let peers = PeerConnections()
  let authenticator: Authenticator
  let accounts: AccountStore
  /// Nil: nobody is an administrator.
  let adminKey: AdminKey?
  let limits: AccountLimits
  let errors: ErrorLog
  let journeys: Journeys
  /// Whether a symbol can be another shard's business.
  let isSharded: Bool
  let shard: UInt32
  /// Accounts, keys and symbols are in the database that this shard's history is in.
  let hasAccounts: Bool
  let startedAt = Clock.wallMicros()
  let processID = getpid()

  init(
    settings: Settings, server: Server, exchange: ExchangeSegment, slot: WorkerSlot,
    authenticator: Authenticator, accounts: AccountStore, adminKey: AdminKey?,
    limits: AccountLimits, log: Log
  ) {
    self.adminKey = adminKey
    self.settings = settings
    self.server = server
    self.exchange = exchange
    self.slot = slot
    self.authenticator = authenticator
    self.accounts = accounts
    self.limits = limits
    isSharded = settings.isSharded
    shard = UInt32(settings.shard)
    hasAccounts = settings.hasAccounts
    markets = Markets(exchange)
    errors = ErrorLog(log, exchange)
    journeys = Journeys(capacity: server.requestCapacity)
  }

  /// A request that takes longer is logged.
  var slowNanos: Int64 { Int64(settings.slowRequestMilliseconds) * 1_000_000 }

  var deadlineNanos: Int64 { Int64(settings.requestDeadlineMilliseconds) * 1_000_000 }

  /// Commands are not executed any more in the last tenth before their client gets an answer:
  /// what an engine takes by then is nearly always answered in time, and what it does not take
  /// is known not to have been done.
  func commandDeadline(_ deadline: Int64) -> Int64 { deadline - deadlineNanos / 10 }
}
