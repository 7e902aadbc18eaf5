import Synchronization

/// Who asks, and what that one may do.
public struct Identity: Equatable, Sendable {
  public var account: UInt64
  public var mayTrade: Bool
  /// Microseconds since 1970; `Int64.max` for what does not end by itself.
  public var expiresAt: Int64

  public init(account: UInt64, mayTrade: Bool, expiresAt: Int64 = .max) {
    self.account = account
    self.mayTrade = mayTrade
    self.expiresAt = expiresAt
  }
}

/// The credentials seen lately, so that an order costs no question to the database.
///
/// One lock is enough: it is held for some tens of nanoseconds, by the thread that takes requests
/// in and now and then by one that looked somebody up. The table never grows; within a set of
/// eight the one that was used longest ago makes room.
public final class CredentialCache: Sendable {
  private struct Entry {
    var digest = Bytes32()
    /// 0: free.
    var account: UInt64 = 0
    var expiresAt: Int64 = 0
    var lastUse: UInt64 = 0
    var mayTrade = false
  }

  private struct Table: ~Copyable {
    let entries: UnsafeMutableBufferPointer<Entry>
    var uses: UInt64 = 0

    init(capacity: Int) {
      entries = .allocate(capacity: capacity)
      entries.initialize(repeating: Entry())
    }

    deinit { entries.deallocate() }
  }

  /// A look-up that began before something was forgotten may have read what was true before.
  public struct Ticket: Sendable {
    fileprivate let forgotten: UInt64
  }

  private static let ways = 8
  private let setMask: UInt64
  private let table: Mutex<Table>
  private let forgotten = Atomic<UInt64>(0)

  /// `capacity` is rounded up to a power of two.
  public init(capacity: Int = 16_384) {
    var sets = 1
    while sets * CredentialCache.ways < capacity { sets *= 2 }
    setMask = UInt64(sets - 1)
    table = Mutex(Table(capacity: sets * CredentialCache.ways))
  }

  /// Nil when it is not known here or its time is up at `now` (microseconds since 1970).
  public func find(_ id: CredentialID, now: Int64) -> Identity? {
    table.withLock { table in
      let first = firstIndex(id)
      for index in first..<first + CredentialCache.ways {
        guard table.entries[index].digest == id.digest else { continue }
        let entry = table.entries[index]
        guard entry.account != 0, entry.expiresAt > now else { return nil }
        table.uses += 1
        table.entries[index].lastUse = table.uses
        return Identity(
          account: entry.account, mayTrade: entry.mayTrade, expiresAt: entry.expiresAt)
      }
      return nil
    }
  }

  /// To be taken before the database is asked.
  public func ticket() -> Ticket { Ticket(forgotten: forgotten.load(ordering: .acquiring)) }

  /// Keeps what the database said, unless something was forgotten since the ticket was taken.
  public func insert(_ id: CredentialID, _ identity: Identity, _ ticket: Ticket) {
    precondition(identity.account != 0, "account 0 stands for a free entry")
    table.withLock { table in
      guard forgotten.load(ordering: .acquiring) == ticket.forgotten else { return }
      let first = firstIndex(id)
      var oldest = first
      for index in first..<first + CredentialCache.ways {
        if table.entries[index].digest == id.digest {
          oldest = index
          break
        }
        if table.entries[index].lastUse < table.entries[oldest].lastUse { oldest = index }
      }
      table.uses += 1
      table.entries[oldest] = Entry(
        digest: id.digest, account: identity.account, expiresAt: identity.expiresAt,
        lastUse: table.uses, mayTrade: identity.mayTrade)
    }
  }

  /// What NOTIFY announced: `token <hex of its hash>`, `key <key>` or `account <number>`. What
  /// is not understood empties the cache.
  public func forget(announced payload: String) {
    let parts = payload.split(separator: " ", maxSplits: 1)
    guard parts.count == 2 else { return forgetAll() }
    switch parts[0] {
    case "token":
      var hash = [UInt8](repeating: 0, count: 32)
      let isHash = Array(parts[1].utf8).withUnsafeBytes { text in
        hash.withUnsafeMutableBytes { Sodium.readHex(text, into: $0) }
      }
      guard isHash, let id = CredentialID(tokenHash: hash) else { return forgetAll() }
      forget(id)
    case "key":
      forget(Array(parts[1].utf8).withUnsafeBytes { CredentialID(key: $0) })
    case "account":
      guard let account = UInt64(parts[1]) else { return forgetAll() }
      forget { $0.account == account }
    default:
      forgetAll()
    }
  }

  public func forget(_ id: CredentialID) {
    forgotten.wrappingAdd(1, ordering: .acquiringAndReleasing)
    table.withLock { table in
      let first = firstIndex(id)
      for index in first..<first + CredentialCache.ways
      where table.entries[index].digest == id.digest {
        table.entries[index] = Entry()
      }
    }
  }

  /// Also to be called when notifications may have been missed.
  public func forgetAll() { forget { _ in true } }

  private func forget(_ matches: (Entry) -> Bool) {
    forgotten.wrappingAdd(1, ordering: .acquiringAndReleasing)
    table.withLock { table in
      for index in table.entries.indices where matches(table.entries[index]) {
        table.entries[index] = Entry()
      }
    }
  }

  /// The digest is random already, so its first word serves as the hash.
  private func firstIndex(_ id: CredentialID) -> Int {
    Int(id.digest.words.0 & setMask) * CredentialCache.ways
  }
}
