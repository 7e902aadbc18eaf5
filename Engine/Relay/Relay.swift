import Feed
import Glibc
import Processes
import Settings

/// Carries what the engines publish in Redis to one nginx, which has the subscribers. One thread,
/// one loop; nothing in it blocks but connecting.
///
/// It keeps nothing that it could lose: when it, Redis or nginx was away it says so to everybody
/// on the channel `all`, and whoever minds asks the API for what is missing.
public final class Relay {
  private let redisAddress: Address
  private let publishSocket: String
  private let log: Log

  private var redis: RedisConnection?
  private var nginx: NginxConnection?
  private var redisRetry = Retry()
  private var nginxRetry = Retry()
  /// Subscriptions that Redis has not confirmed yet.
  private var unconfirmed = 0
  private var mustTellGap = true

  private var lanes: [Lane] = []
  private var indices: [String: Int] = [:]
  /// Those with something to say.
  private var listed: [Int] = []
  private var nextRepeat: Int64 = 0
  private var body: [UInt8] = []

  private static let patterns = ["{*}:trades", "{*}:book", "{*}:ticker", "{*}:candles.*"]
  private static let second: Int64 = 1_000_000_000

  public init(redis: Address, publishSocket: String, log: Log) {
    redisAddress = redis
    self.publishSocket = publishSocket
    self.log = log
  }

  /// Returns when SIGTERM or SIGINT has come.
  public func run(signals: borrowing SignalQueue) {
    while !isTold(signals) {
      let now = monotonicNanoseconds()
      connectRedis(now)
      connectNginx(now)
      if let nginx {
        tellGap(nginx)
        repeatPositions(nginx, now)
        sendWhatIsDue(nginx, now)
        do throws(NginxError) { try nginx.flush() } catch { dropNginx(error) }
      }
      wait(signals, now)
    }
  }

  private func isTold(_ signals: borrowing SignalQueue) -> Bool {
    var isTold = false
    while signals.next() != nil { isTold = true }
    return isTold
  }

  // MARK: Connecting

  private func connectRedis(_ now: Int64) {
    guard redis == nil, now >= redisRetry.at else { return }
    do throws(RedisError) {
      let made = try RedisConnection(redisAddress)
      try made.subscribe(toPatterns: Relay.patterns)
      redis = made
      unconfirmed = Relay.patterns.count
      mustTellGap = true
    } catch { dropRedis(error) }
  }

  private func dropRedis(_ error: RedisError) {
    redis = nil
    if redisRetry.fail(at: monotonicNanoseconds()) {
      log.warning("Redis is away", ["error": "\(error)"])
    }
  }

  private func connectNginx(_ now: Int64) {
    guard nginx == nil, now >= nginxRetry.at else { return }
    do throws(NginxError) {
      nginx = try NginxConnection(publishSocket)
      nginxRetry.succeed()
      mustTellGap = true
      log.info("nginx takes messages")
    } catch { dropNginx(error) }
  }

  /// What was under way may or may not have been heard.
  private func dropNginx(_ error: NginxError) {
    nginx = nil
    for lane in lanes { lane.isUnderWay = false }
    if nginxRetry.fail(at: monotonicNanoseconds()) {
      log.warning("nginx is away", ["error": "\(error)"])
    }
  }

  // MARK: From Redis

  private func receive(_ message: PushedMessage) {
    let name = String(decoding: message.channel, as: UTF8.self)
    guard message.kind.elementsEqual("pmessage".utf8) else {
      if message.kind.elementsEqual("psubscribe".utf8) { confirmed() }
      return
    }
    guard let index = indices[name] ?? addLane(name) else { return }
    let lane = lanes[index]
    let bytes = Array(message.payload)
    let payload =
      switch lane.kind {
      case .trades, .book: Payload(sequenced: bytes)
      case .ticker, .candles: Payload(state: bytes, isCandle: lane.kind == .candles)
      }
    guard let payload else {
      log.warning("not understood", ["channel": name])
      mustTellGap = true
      return
    }
    if !lane.add(payload) { mustTellGap = true }
    if !lane.isListed, !lane.isEmpty {
      lane.isListed = true
      listed.append(index)
    }
  }

  private func confirmed() {
    unconfirmed -= 1
    guard unconfirmed == 0 else { return }
    redisRetry.succeed()
    log.info("listening to Redis")
  }

  /// `{BTC-USD}:candles.1m` becomes `candles.1m.BTC-USD`.
  private func addLane(_ name: String) -> Int? {
    guard name.hasPrefix("{"), let brace = name.firstRange(of: "}:") else { return nil }
    let symbol = String(name[name.index(after: name.startIndex)..<brace.lowerBound])
    let what = name[brace.upperBound...]
    let kind: Lane.Kind
    switch what {
    case "trades": kind = .trades
    case "book": kind = .book
    case "ticker": kind = .ticker
    case let other where other.hasPrefix("candles."): kind = .candles
    default: return nil
    }
    let channel = Array("\(what).\(symbol)".utf8)
    lanes.append(Lane(channel: channel, kind: kind, symbol: symbol))
    indices[name] = lanes.count - 1
    return lanes.count - 1
  }

  // MARK: To nginx

  /// Only once everything that happens from here on arrives: what is asked of the API because of
  /// it must not be older than the stream.
  private func tellGap(_ nginx: NginxConnection) {
    guard mustTellGap, redis != nil, unconfirmed == 0 else { return }
    mustTellGap = false
    body = Array("{\"stream\":\"all\",\"data\":{\"gap\":true}}".utf8)
    nginx.post(body, to: Array("all".utf8), ticket: .everybody)
  }

  private func sendWhatIsDue(_ nginx: NginxConnection, _ now: Int64) {
    var kept = 0
    for index in listed {
      let lane = lanes[index]
      if !lane.isUnderWay, lane.restsUntil <= now, !lane.isEmpty {
        lane.take(into: &body)
        lane.isUnderWay = true
        nginx.post(body, to: lane.channel, ticket: .lane(index))
      }
      if lane.isEmpty {
        lane.isListed = false
      } else {
        listed[kept] = index
        kept += 1
      }
    }
    listed.removeLast(listed.count - kept)
  }

  /// Only while Redis is heard: silence tells subscribers that nobody knows anything.
  private func repeatPositions(_ nginx: NginxConnection, _ now: Int64) {
    guard now >= nextRepeat, redis != nil, unconfirmed == 0 else { return }
    nextRepeat = now + Relay.second
    for (index, lane) in lanes.enumerated()
    where !lane.isUnderWay && lane.isEmpty && now >= lane.repeatsAt {
      guard lane.takePosition(into: &body) else { continue }
      lane.isUnderWay = true
      nginx.post(body, to: lane.channel, ticket: .lane(index))
    }
  }

  private func finished(_ ticket: NginxConnection.Ticket, _ answer: NginxConnection.Answer) {
    if answer.status / 100 != 2 {
      log.warning("nginx refused a message", ["status": answer.status])
      mustTellGap = true
    }
    if case .lane(let index) = ticket {
      lanes[index].finished(subscribers: answer.subscribers, at: monotonicNanoseconds())
    }
  }

  // MARK: Waiting

  private func wait(_ signals: borrowing SignalQueue, _ now: Int64) {
    var watched = [
      pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: redis?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
      pollfd(fd: nginx?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
    ]
    if nginx?.hasOutput == true { watched[2].events |= Int16(POLLOUT) }
    poll(&watched, nfds_t(watched.count), milliseconds(to: nextStep(now)))
    if watched[1].revents != 0, let redis {
      do throws(RedisError) {
        try redis.receive { receive($0) }
      } catch { dropRedis(error) }
    }
    if watched[2].revents & Int16(POLLIN | POLLHUP | POLLERR) != 0, let nginx {
      do throws(NginxError) {
        try nginx.receive { finished($0, $1) }
      } catch { dropNginx(error) }
    }
  }

  private func nextStep(_ now: Int64) -> Int64 {
    var next = now + Relay.second
    if redis == nil { next = min(next, redisRetry.at) }
    guard nginx != nil else { return min(next, nginxRetry.at) }
    for index in listed where !lanes[index].isUnderWay {
      next = min(next, lanes[index].restsUntil)
    }
    return next
  }

  private func milliseconds(to time: Int64) -> Int32 {
    let rest = time - monotonicNanoseconds()
    return rest <= 0 ? 0 : Int32((rest + 999_999) / 1_000_000)
  }
}

/// When to try again: at once, then ever more rarely, at last every second.
private struct Retry {
  private(set) var at: Int64 = 0
  private var pause = Retry.first

  private static let first: Int64 = 20_000_000
  private static let longest: Int64 = 1_000_000_000

  mutating func succeed() { pause = Retry.first }

  /// True for the first failure after a success.
  mutating func fail(at now: Int64) -> Bool {
    defer { pause = min(2 * pause, Retry.longest) }
    at = now + pause
    return pause == Retry.first
  }
}
