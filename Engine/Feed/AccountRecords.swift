import Wire

/// What accounts are told of their own orders, as records: nothing is put into words before it is
/// known that somebody listens.
struct AccountRecords {
  private(set) var bytes: [UInt8] = []
  private var head = outcry_account_head()

  init(symbol: Symbol) {
    head.version = UInt16(OUTCRY_EVENT_VERSION)
    head.tick_digits = symbol.tick.digits
    head.lot_digits = symbol.lot.digits
    head.tick_units = symbol.tick.units
    head.lot_units = symbol.lot.units
  }

  /// A message about nothing: what comes next begins at `first`.
  mutating func startEmpty(at first: UInt64) { start(first, first - 1) }

  mutating func fill(_ content: FeedInbox.Content, first: UInt64, last: UInt64) {
    start(first, last)
    var placed = 0
    for event in content.events {
      guard Self.isTold(event) else { continue }
      withUnsafeBytes(of: event) { bytes.append(contentsOf: $0) }
      guard event.kind == EventKind.accepted.rawValue else { continue }
      withUnsafeBytes(of: content.placed[placed]) { bytes.append(contentsOf: $0) }
      placed += 1
    }
  }

  static func isTold(_ event: Event) -> Bool {
    switch EventKind(rawValue: event.kind) {
    case .accepted, .rested, .trade, .cancelled, .amended, .triggered: event.account != 0
    default: false
    }
  }

  private mutating func start(_ first: UInt64, _ last: UInt64) {
    bytes.removeAll(keepingCapacity: true)
    head.first_sequence = first
    head.last_sequence = last
    withUnsafeBytes(of: head) { bytes.append(contentsOf: $0) }
  }
}

/// The account channel's side of a publisher: sends records only while Redis says that somebody
/// receives them.
struct AccountFeed {
  private var records: AccountRecords
  /// Up to here they were told, or nobody listened.
  private var end: UInt64
  /// Whether somebody received the last message.
  private var isHeard = false
  /// A hole has to be shown even if nothing happens.
  private(set) var mustTell: Bool

  init(symbol: Symbol, position: UInt64) {
    records = AccountRecords(symbol: symbol)
    end = position
    mustTell = position > 0
  }

  /// A new connection: who listens is not known.
  mutating func connectionLost() { isHeard = false }

  /// Sends where it is, even if nothing happened.
  mutating func tellPosition() { mustTell = true }

  mutating func skip(through last: UInt64) {
    end = max(end, last)
    mustTell = true
  }

  /// Sends what is queued and what accounts are to be told.
  mutating func finish(
    _ redis: RedisConnection, _ content: FeedInbox.Content, on channel: [UInt8]
  ) throws(RedisError) {
    guard mustTell || content.events.contains(where: AccountRecords.isTold) else {
      try redis.awaitReplies()
      return
    }
    let last = max(end, content.lastSequence)
    if !isHeard {
      records.startEmpty(at: end + 1)
      try publish(redis, channel)
    }
    if isHeard {
      records.fill(content, first: end + 1, last: last)
      try publish(redis, channel)
    }
    end = last
    mustTell = false
  }

  private mutating func publish(
    _ redis: RedisConnection, _ channel: [UInt8]
  ) throws(RedisError) {
    redis.publish(records.bytes, on: channel)
    if case .integer(let receivers)? = try redis.awaitReplies() {
      // A cluster's node knows only of its own.
      isHeard = receivers > 0 || redis.isInCluster
    }
  }
}
