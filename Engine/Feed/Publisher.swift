import CShared
import Glibc
import Settings
import Wire

public enum FeedStatus: Sendable {
  case connected
  /// Redis has taken what came of so many more commands.
  case published(UInt64)
  case lost(RedisError)
  /// These sequences were not published; subscribers have been told.
  case gap(ClosedRange<UInt64>)
}

/// Publishes one symbol's committed events to Redis, on a thread of its own. Redis may be slow or
/// away: the inbox is bounded and its other end never waits. Whatever was not published is
/// announced as a gap, and the depth goes on from a snapshot.
public final class Publisher: @unchecked Sendable {
  public let inbox: FeedInbox

  // All of the rest belongs to the thread in `run`.
  private var nodes: RedisNodes
  private let slot: Int
  private let depthSource: (inout Depth) -> Bool
  private let report: (FeedStatus) -> Void
  private let channels: FeedChannels
  private var messages: FeedMessages
  private var redis: RedisConnection?
  private var batch = FeedBatch()
  private var day: MarketDay
  private var accounts: AccountFeed
  private var depth = Depth()
  private var content = FeedInbox.Content()
  /// Up to here subscribers know everything, or have been told that they do not.
  private var published: UInt64
  /// Where the next message of trades starts, less one.
  private var tradesEnd: UInt64
  /// The same as of the last round that Redis answered.
  private var tradesConfirmed: UInt64
  /// Where the next difference starts, less one; nil when a snapshot has to come first.
  private var depthEnd: UInt64?
  /// What was taken from the inbox and could not be published.
  private var gap: ClosedRange<UInt64>?
  /// What the engine before this one had not published yet nobody knows.
  private var mustTellStart: Bool
  private var keysAreStale = true
  private var keysAreDue: Int64 = 0
  private var positionsAreDue: Int64 = 0
  /// Since when a cluster takes no keys.
  private var refusedSince: Int64?
  private var retryAt: Int64 = 0
  private var backOff: Int64 = Publisher.shortestBackOff

  private static let shortestBackOff: Int64 = 50_000_000
  private static let longestBackOff: Int64 = 2_000_000_000
  /// A replica takes its master's place within seconds.
  private static let longestBackOffInCluster: Int64 = 250_000_000
  private static let pauseMicros: UInt32 = 10_000
  private static let keyInterval: Int64 = 200_000_000
  private static let idleWait: Int64 = 60_000_000_000
  private static let positionInterval: Int64 = 4_000_000_000
  private static let longestRefusal: Int64 = 3_000_000_000
  private static let tradesPerMessage = 200
  private static let depthInStream = 1024
  private static let depthInKey = 100

  /// `position` is the last sequence that was committed before the first that will be offered,
  /// `history` what was traded up to then. `depth` gives the board's committed picture, or returns
  /// false when there is none yet.
  public init(
    symbol: Symbol, redis: [Address], position: UInt64, history: MarketHistory = MarketHistory(),
    inbox: FeedInbox = FeedInbox(), depth: @escaping (inout Depth) -> Bool,
    report: @escaping (FeedStatus) -> Void = { _ in }
  ) {
    self.inbox = inbox
    nodes = RedisNodes(redis)
    self.report = report
    depthSource = depth
    channels = FeedChannels(symbol: symbol.name)
    slot = HashSlot.of(channels.trades)
    messages = FeedMessages(symbol: symbol)
    day = MarketDay(history)
    accounts = AccountFeed(symbol: symbol, position: position)
    mustTellStart = position > 0
    published = position
    tradesEnd = position
    tradesConfirmed = position
  }

  /// Returns once the inbox is closed and what it held is published, or cannot be.
  public func run() {
    while inbox.take(&content, until: nextWakeUp()) {
      absorb()
      connect()
      do throws(RedisError) { try publish() } catch { drop(error) }
      content.removeAll()
      // What comes together in so short a time goes out as one message.
      if !inbox.isClosed { usleep(Self.pauseMicros) }
    }
    // What is left are keys that were not due yet.
    do throws(RedisError) { try publish() } catch { drop(error) }
  }

  private func nextWakeUp() -> Int64 {
    let now = monotonicNanoseconds()
    if redis == nil { return max(retryAt, now) }
    if accounts.mustTell { return now }
    let next = keysAreStale ? max(keysAreDue, now) : now + Self.idleWait
    return nodes.isCluster ? min(next, max(positionsAreDue, now)) : next
  }

  private func absorb() {
    // Also when nothing came for a while: what was traded a day ago leaves the ticker.
    keysAreStale = true
    day.absorb(content)
  }

  private func connect() {
    let now = monotonicNanoseconds()
    guard redis == nil, now >= retryAt else { return }
    do throws(RedisError) {
      redis = try nodes.connect(toMasterOf: slot)
      backOff = Self.shortestBackOff
      report(.connected)
    } catch { drop(error) }
  }

  /// What was under way may have arrived in part: it counts as a gap.
  private func drop(_ error: RedisError) {
    if let redirection = error.redirection { nodes.prefer(redirection.address) }
    if redis != nil || backOff == Self.shortestBackOff { report(.lost(error)) }
    redis = nil
    accounts.connectionLost()
    // Candles may have gone with the connection although no command did.
    day.tellAgain()
    depthEnd = nil
    tradesEnd = tradesConfirmed
    retryAt = monotonicNanoseconds() + backOff
    let longest = nodes.isCluster ? Self.longestBackOffInCluster : Self.longestBackOff
    backOff = min(backOff * 2, longest)
    missed(through: max(content.lastSequence, content.gap?.upperBound ?? 0))
  }

  private func missed(through last: UInt64) {
    guard last > published else { return }
    gap = (gap?.lowerBound ?? published + 1)...max(last, gap?.upperBound ?? 0)
    accounts.skip(through: last)
    day.forgetFinished()
    published = last
  }

  private func publish() throws(RedisError) {
    guard let redis else {
      missed(through: max(content.lastSequence, content.gap?.upperBound ?? 0))
      return
    }
    let last = max(content.lastSequence, content.gap?.upperBound ?? 0)
    if mustTellStart { announceTrades(from: 1, through: tradesEnd, redis) }
    if let gap { announce(gap, redis) }
    batch.removeAll()
    batch.absorb(content.events, levelsAfter: depthEnd ?? .max)
    sendTrades(redis)
    sendDifference(redis)
    if let lost = content.gap {
      announce(lost, redis)
      depthEnd = nil
    }
    if depthEnd == nil { sendSnapshot(notBefore: last, redis) }
    sendKeys(redis)
    sendPositions(redis)
    try accounts.finish(redis, content, on: channels.account)
    if let lost = content.gap { accounts.skip(through: lost.upperBound) }
    mustTellStart = false
    for told in [gap, content.gap] { if let told { report(.gap(told)) } }
    if last > published {
      report(.published(last - published - UInt64(content.gap?.count ?? 0)))
    }
    gap = nil
    published = max(published, last)
    tradesConfirmed = tradesEnd
    let refused = redis.takeRefusedKeys()
    if refused.isEmpty, !keysAreStale { refusedSince = nil }
    for key in refused { try settle(key, at: redis) }
  }

  /// In a cluster a message may be lost between two nodes that both live. Then the next one shows
  /// it, so there has to be a next one.
  private func sendPositions(_ redis: RedisConnection) {
    let now = monotonicNanoseconds()
    guard redis.isInCluster, now >= positionsAreDue else { return }
    positionsAreDue = now + Self.positionInterval
    messages.trades([], first: tradesEnd + 1, last: tradesEnd)
    redis.publish(messages.bytes, on: channels.trades)
    if let depthEnd {
      messages.difference(nil, first: depthEnd + 1, last: depthEnd)
      redis.publish(messages.bytes, on: channels.book)
    }
    accounts.tellPosition()
  }

  /// Messages go by way of any node: a key in the wrong place has taken nothing from the streams.
  private func settle(_ refused: RefusedKey, at node: RedisConnection) throws(RedisError) {
    guard node.isInCluster else { throw refused.error }
    switch refused.error.redirection?.kind {
    case .moved:
      // What was published is published: no gap.
      nodes.prefer(refused.error.redirection!.address)
      redis = nil
      accounts.connectionLost()
    case .ask:
      if nodes.set(refused.key, asking: refused.error.redirection!.address) { return }
    case nil:
      // A master is being replaced. When that takes too long this node may be cut off.
      let now = monotonicNanoseconds()
      refusedSince = refusedSince ?? now
      if now - refusedSince! > Self.longestRefusal {
        refusedSince = nil
        nodes.avoid(node.address)
        throw refused.error
      }
    }
    keysAreStale = true
  }

  /// What the newest candles are is said after it.
  private func announceTrades(
    from first: UInt64, through last: UInt64, _ redis: RedisConnection
  ) {
    messages.gap(first: first, last: last)
    for channel in [channels.trades] + channels.candles {
      redis.publish(messages.bytes, on: channel)
    }
    day.tellAgain()
  }

  /// Each channel's gap starts where its last message ended: what lies between had no message of
  /// its own, which subscribers cannot know.
  private func announce(_ gap: ClosedRange<UInt64>, _ redis: RedisConnection) {
    announceTrades(from: tradesEnd + 1, through: gap.upperBound, redis)
    tradesEnd = gap.upperBound
    messages.gap(first: (depthEnd ?? gap.lowerBound - 1) + 1, last: gap.upperBound)
    redis.publish(messages.bytes, on: channels.book)
  }

  /// One command's trades stay together, so that each message begins where the last one ended.
  private func sendTrades(_ redis: RedisConnection) {
    var rest = batch.trades[...]
    while !rest.isEmpty {
      let cut = rest.prefix(Self.tradesPerMessage).last!.sequence
      let end = rest.firstIndex { $0.sequence > cut } ?? rest.endIndex
      let last = end == rest.endIndex ? content.lastSequence : cut
      messages.trades(rest[..<end], first: tradesEnd + 1, last: last)
      redis.publish(messages.bytes, on: channels.trades)
      tradesEnd = last
      rest = rest[end...]
    }
  }

  /// Nothing is sent while no level changes: the next difference then reaches further back.
  private func sendDifference(_ redis: RedisConnection) {
    guard let end = depthEnd, content.lastSequence > end, batch.changesDepth else { return }
    messages.difference(batch, first: end + 1, last: content.lastSequence)
    redis.publish(messages.bytes, on: channels.book)
    depthEnd = content.lastSequence
  }

  /// Differences that the snapshot holds already are left out when they come. A board that is
  /// behind what came through the inbox is of no use; the next round finds a newer one.
  private func sendSnapshot(notBefore sequence: UInt64, _ redis: RedisConnection) {
    guard depthSource(&depth), depth.sequence >= max(sequence, published) else { return }
    messages.depth(depth, levels: Self.depthInStream, inStream: true)
    redis.publish(messages.bytes, on: channels.book)
    depthEnd = depth.sequence
  }

  private func sendKeys(_ redis: RedisConnection) {
    let now = monotonicNanoseconds()
    guard keysAreStale, now >= keysAreDue || inbox.isClosed, depthSource(&depth) else { return }
    messages.depth(depth, levels: Self.depthInKey, inStream: false)
    redis.set(KeyValue(name: channels.depth, value: messages.bytes))
    let time = max(realMicroseconds(), depth.time)
    messages.ticker(depth, day.ticker.summary(at: time), time: time)
    redis.set(KeyValue(name: channels.ticker, value: messages.bytes))
    redis.publish(messages.bytes, on: channels.ticker)
    for candle in day.takeUntold() {
      messages.candle(candle)
      let index = CandleInterval.allCases.firstIndex(of: candle.interval)!
      redis.publish(messages.bytes, on: channels.candles[index])
    }
    keysAreStale = false
    keysAreDue = now + Self.keyInterval
  }
}
