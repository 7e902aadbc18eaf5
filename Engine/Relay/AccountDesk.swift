import Feed
import Wire

/// The streams of accounts. Engines send what they are made of only while somebody is subscribed,
/// and here only what somebody listens to is put into words.
///
/// nginx tells who comes and goes. It does not tell who was there before this process: while there
/// may be such listeners, each account that has an event is tried once.
struct AccountDesk {
  static let pattern = "{*}:account"

  private enum Subscription { case none, asked, confirmed }

  /// Every account stream of this nginx may have missed something.
  private(set) var hasGap = false
  private var wasLost = false
  private var subscription = Subscription.none
  /// Streams that are open, as far as nginx has said.
  private var listeners = 0
  private var mustCount = false
  private var nextCount: Int64 = 0
  private var isCounting = false
  private var isFirstCount = false
  private var mayHaveStrangers = false
  /// More are there than nginx has told of: it tells again to whoever begins to listen.
  private(set) var mustListenAnew = false
  /// Accounts of which nginx said that nobody listens.
  private var unheard: Set<UInt64> = []
  private var lanes: [UInt64: AccountLane] = [:]
  private var listed: Set<UInt64> = []
  /// How far each symbol is.
  private var ends: [String: UInt64] = [:]
  private var body: [UInt8] = []

  private static let countInterval: Int64 = 5_000_000_000
  private static let arrivalPause: Int64 = 20_000_000
  private static let mostUnheard = 1 << 20

  // MARK: Who listens

  /// nginx tells of comings and goings from here on; who is there already must be counted.
  mutating func listening() {
    mustCount = true
    if mustListenAnew {
      mustListenAnew = false
      return
    }
    isFirstCount = true
  }

  /// A line such as `subscriber_enqueue account.7`.
  mutating func heard(_ line: ArraySlice<UInt8>, at now: Int64) {
    let words = String(decoding: line, as: UTF8.self).split(separator: " ")
    guard words.count == 2, words[1].hasPrefix("account."),
      let account = UInt64(words[1].dropFirst("account.".count))
    else { return }
    switch words[0] {
    case "subscriber_enqueue":
      listeners += 1
      mustCount = true
      unheard.remove(account)
      if lanes[account] == nil {
        lanes[account] = AccountLane(account: account, ends: ends, isGreeting: true, at: now)
      } else {
        lanes[account]?.enter(ends: ends, at: now)
      }
      listed.insert(account)
    case "subscriber_dequeue":
      mustCount = true
    default: break
    }
  }

  private mutating func counted(_ count: Int, _ now: Int64) {
    isCounting = false
    if count > listeners, !isFirstCount { mustListenAnew = true }
    listeners = count
    if count == 0 {
      // Who has come since the question was asked is not among those counted.
      lanes = lanes.filter { now - $0.value.enteredAt < Self.countInterval }
      listeners = lanes.count
      listed.formIntersection(lanes.keys)
      mayHaveStrangers = false
    } else if isFirstCount {
      mayHaveStrangers = true
      unheard.removeAll()
    }
    isFirstCount = false
  }

  // MARK: Redis

  mutating func redisLost() {
    wasLost = true
    subscription = .none
    ends.removeAll()
    for account in lanes.keys { lanes[account]?.forgetEnds() }
  }

  /// Subscribes when somebody has come, and takes it back when all have gone.
  mutating func subscribe(_ redis: RedisConnection) throws(RedisError) {
    if listeners > 0, subscription == .none {
      try redis.subscribe(toPatterns: [Self.pattern])
      subscription = .asked
    } else if listeners == 0, subscription == .confirmed {
      try redis.unsubscribe(fromPatterns: [Self.pattern])
      subscription = .none
      ends.removeAll()
    }
  }

  mutating func confirmed() {
    // A late word of a subscription that was taken back says nothing.
    if subscription == .asked {
      subscription = .confirmed
      hasGap = hasGap || mayHaveStrangers || wasLost
      wasLost = false
    }
  }

  /// False when the message is not what it should be.
  mutating func receive(_ message: PushedMessage) -> Bool {
    let name = String(decoding: message.channel, as: UTF8.self)
    guard let parts = Names.parts(of: name) else { return true }
    guard let found = AccountMessage(message.payload) else {
      hasGap = true
      return false
    }
    let symbol = String(parts.symbol)
    let (first, last) = (found.head.first_sequence, found.head.last_sequence)
    if let end = ends[symbol] {
      // Late, from a node that hung: it was said already that these may be missing.
      if last < end { return true }
      if first > end + 1 {
        hasGap = true
        for account in lanes.keys { lanes[account]?.skip(symbol, to: first - 1) }
      }
    }
    ends[symbol] = max(last, ends[symbol] ?? 0)
    guard !lanes.isEmpty || mayHaveStrangers else { return true }
    var words = AccountWords(found.head)
    let isWhole = found.forEach { event, command in
      let covered = first...max(first, last)
      add(event.account, symbol, covered) { words.write(event, command) }
      if event.kind == EventKind.trade.rawValue {
        add(event.maker_account, symbol, covered) { words.write(event, nil, asMaker: true) }
      }
    }
    if !isWhole { hasGap = true }
    return isWhole
  }

  private mutating func add(
    _ account: UInt64, _ symbol: String, _ covered: ClosedRange<UInt64>, _ text: () -> String
  ) {
    if lanes[account] == nil {
      guard mayHaveStrangers, !unheard.contains(account) else { return }
      lanes[account] = AccountLane(account: account, ends: ends, isGreeting: false, at: 0)
      // What this message covers is not behind it yet.
      lanes[account]?.skip(symbol, to: covered.lowerBound - 1)
    }
    if lanes[account]?.add(text(), of: symbol, covered) == false { hasGap = true }
    listed.insert(account)
  }

  // MARK: nginx

  mutating func nginxLost() {
    isCounting = false
    hasGap = true
    for account in lanes.keys { lanes[account]?.isUnderWay = false }
  }

  mutating func send(_ nginx: NginxConnection, _ now: Int64) {
    // Only the answer to a message counts the listeners of all of nginx's processes. To them it is
    // a sign of life.
    if !isCounting, now >= nextCount, mustCount || listeners > 0 {
      isCounting = true
      nextCount = now + (mustCount ? Self.countInterval / 5 : Self.countInterval)
      mustCount = false
      body = Array("{\"stream\":\"account\",\"data\":{\"alive\":true}}".utf8)
      nginx.post(body, to: Array("accounts".utf8), ticket: .count)
    }
    guard subscription == .confirmed else { return }
    if hasGap {
      hasGap = false
      body = Array("{\"stream\":\"account\",\"data\":{\"gap\":true}}".utf8)
      nginx.post(body, to: Array("accounts".utf8), ticket: .everybody)
    }
    for account in listed {
      if let lane = lanes[account], lane.isUnderWay || lane.restsUntil > now { continue }
      guard lanes[account]?.hasSomething == true else {
        listed.remove(account)
        continue
      }
      lanes[account]?.take(into: &body)
      lanes[account]?.isUnderWay = true
      nginx.post(body, to: Array("account.\(account)".utf8), ticket: .account(account))
    }
  }

  mutating func finished(
    _ ticket: NginxConnection.Ticket, _ answer: NginxConnection.Answer, _ now: Int64
  ) {
    switch ticket {
    case .count: counted(answer.subscribers, now)
    case .account(let account):
      lanes[account]?.isUnderWay = false
      guard answer.subscribers == 0, let lane = lanes[account] else { return }
      if now - lane.enteredAt <= Self.countInterval {
        // One process of nginx told of a listener whom another one, which took the message, did
        // not know yet.
        lanes[account]?.greetAgain(ends: ends, at: now + Self.arrivalPause)
        listed.insert(account)
        return
      }
      lanes[account] = nil
      listed.remove(account)
      if unheard.count >= Self.mostUnheard { unheard.removeAll() }
      unheard.insert(account)
    case .lane, .everybody: break
    }
  }

  /// When there is something to send, if nothing else happens.
  func nextStep(after now: Int64, before limit: Int64) -> Int64 {
    listed.reduce(limit) { next, account in
      guard let lane = lanes[account], lane.restsUntil > now else { return next }
      return min(next, lane.restsUntil)
    }
  }
}
