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
  private var nodes: RedisNodes
  private let publishSocket: String
  private let log: Log

  private var redis: RedisConnection?
  private var nginx: NginxConnection?
  /// A second connection to nginx, on which it tells who listens to accounts.
  private var listeners: NginxConnection?
  /// Its predecessor was closed because it missed something.
  private var isListeningAnew = false
  private var redisRetry = Retry()
  private var nginxRetry = Retry()
  /// Subscriptions that Redis has not confirmed yet.
  private var unconfirmed = 0
  private var heardAt: Int64 = 0
  private var streams = StreamDesk()
  private var accounts = AccountDesk()
  private var figures = RelayFigures()
  private var nextReport: Int64 = 0

  private static let second: Int64 = 1_000_000_000
  /// Every publisher in a cluster says something more often.
  private static let longestSilence = 10 * second

  public init(redis: [Address], publishSocket: String, log: Log) {
    nodes = RedisNodes(redis)
    self.publishSocket = publishSocket
    self.log = log
  }

  /// Returns when SIGTERM or SIGINT has come. `report` is called about once a second.
  public func run(signals: borrowing SignalQueue, report: (RelayFigures) -> Void = { _ in }) {
    while !isTold(signals) {
      let now = monotonicNanoseconds()
      connectRedis(now)
      connectNginx(now)
      if let redis {
        do throws(RedisError) { try accounts.subscribe(redis) } catch { dropRedis(error) }
      }
      leaveSilentNode(now)
      if let nginx { send(nginx, now) }
      if now >= nextReport {
        nextReport = now + Relay.second
        report(currentFigures)
      }
      wait(signals, now)
    }
  }

  private var currentFigures: RelayFigures {
    var figures = figures
    figures.gaps = streams.gapsTold
    figures.subscriptions = streams.subscriptions
    figures.redisIsUp = isHearing
    figures.nginxIsUp = nginx != nil
    return figures
  }

  private func isTold(_ signals: borrowing SignalQueue) -> Bool {
    var isTold = false
    while signals.next() != nil { isTold = true }
    return isTold
  }

  /// While Redis is not heard nothing is said, not even positions: silence tells subscribers that
  /// nobody knows anything. And a gap is told only when everything that happens from then on
  /// arrives: what is asked of the API because of it must not be older than the stream.
  private func send(_ nginx: NginxConnection, _ now: Int64) {
    if isHearing {
      if streams.hasGap { streams.tellGap(nginx) }
      // In a cluster what was lost between two nodes would look like silence here: only who
      // publishes can say that nothing happened, and does.
      if !nodes.isCluster { streams.repeatPositions(nginx, now) }
    }
    streams.sendWhatIsDue(nginx, now)
    accounts.send(nginx, now)
    do throws(NginxError) { try nginx.flush() } catch { dropNginx(error) }
  }

  // MARK: Redis

  private var isHearing: Bool { redis != nil && unconfirmed == 0 }

  private func connectRedis(_ now: Int64) {
    guard redis == nil, now >= redisRetry.at else { return }
    do throws(RedisError) {
      let made = try nodes.connect()
      try made.subscribe(toPatterns: StreamDesk.patterns)
      redis = made
      heardAt = now
      unconfirmed = StreamDesk.patterns.count
      streams.hasGap = true
    } catch { dropRedis(error) }
  }

  private func dropRedis(_ error: RedisError) {
    redis = nil
    streams.redisLost()
    accounts.redisLost()
    if redisRetry.fail(at: monotonicNanoseconds()) {
      log.warning("Redis is away", ["error": "\(error)"])
    }
  }

  /// A node that hangs, or that the others have lost, brings nothing and does not say so.
  private func leaveSilentNode(_ now: Int64) {
    guard let redis, nodes.isCluster, streams.knowsSome, now - heardAt > Relay.longestSilence
    else { return }
    nodes.avoid(redis.address)
    dropRedis(RedisError(call: "read \(redis.address)", message: "silence", connectionLost: true))
  }

  private func receive(_ message: PushedMessage) {
    heardAt = monotonicNanoseconds()
    let isAccount = message.pattern.elementsEqual(AccountDesk.pattern.utf8)
    if message.kind.elementsEqual("pmessage".utf8) {
      let isRight = isAccount ? accounts.receive(message) : streams.receive(message)
      if !isRight {
        let name = String(decoding: message.channel, as: UTF8.self)
        log.warning("not understood", ["channel": name])
      }
    } else if message.kind.elementsEqual("psubscribe".utf8) {
      if isAccount { accounts.confirmed() } else { unconfirmed -= 1 }
      guard !isAccount, unconfirmed == 0 else { return }
      redisRetry.succeed()
      log.info("listening to Redis", ["node": "\(redis?.address.description ?? "")"])
    }
  }

  // MARK: nginx

  private func connectNginx(_ now: Int64) {
    if accounts.mustListenAnew, !isListeningAnew {
      listeners = nil
      isListeningAnew = true
    } else if !accounts.mustListenAnew {
      isListeningAnew = false
    }
    guard nginx == nil || listeners == nil, now >= nginxRetry.at else { return }
    do throws(NginxError) {
      if listeners == nil {
        let made = try NginxConnection(publishSocket)
        made.listen()
        try made.flush()
        listeners = made
      }
      if nginx == nil {
        nginx = try NginxConnection(publishSocket)
        streams.hasGap = true
        log.info("nginx takes messages")
      }
      nginxRetry.succeed()
    } catch { dropNginx(error) }
  }

  /// Both connections: they end together, but for a worker of nginx that dies.
  private func dropNginx(_ error: NginxError) {
    nginx = nil
    listeners = nil
    streams.nginxLost()
    accounts.nginxLost()
    if nginxRetry.fail(at: monotonicNanoseconds()) {
      log.warning("nginx is away", ["error": "\(error)"])
    }
  }

  private func finished(_ ticket: NginxConnection.Ticket, _ answer: NginxConnection.Answer) {
    let now = monotonicNanoseconds()
    if answer.status / 100 == 2 {
      if ticket != .count { figures.messages += 1 }
    } else {
      figures.refused += 1
      log.warning("nginx refused a message", ["status": answer.status])
      streams.hasGap = true
    }
    if case .lane(let index) = ticket {
      streams.finished(index, answer, now)
    } else {
      accounts.finished(ticket, answer, now)
    }
  }

  // MARK: Waiting

  private func wait(_ signals: borrowing SignalQueue, _ now: Int64) {
    var watched = [
      pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: redis?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
      pollfd(fd: nginx?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
      pollfd(fd: listeners?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
    ]
    if nginx?.hasOutput == true { watched[2].events |= Int16(POLLOUT) }
    poll(&watched, nfds_t(watched.count), milliseconds(to: nextStep(now)))
    if watched[1].revents != 0, let redis {
      do throws(RedisError) { try redis.receive { receive($0) } } catch { dropRedis(error) }
    }
    do throws(NginxError) {
      if watched[2].revents & Int16(POLLIN | POLLHUP | POLLERR) != 0 {
        try nginx?.receive { finished($0, $1) }
      }
      if watched[3].revents != 0 { try hearListeners() }
    } catch { dropNginx(error) }
  }

  private func hearListeners() throws(NginxError) {
    let now = monotonicNanoseconds()
    try listeners?.receiveLines { line in
      if line.starts(with: "HTTP/1.1 200".utf8) {
        accounts.listening()
      } else {
        accounts.heard(line, at: now)
      }
    }
  }

  private func nextStep(_ now: Int64) -> Int64 {
    var next = now + Relay.second
    if redis == nil { next = min(next, redisRetry.at) }
    guard nginx != nil, listeners != nil else { return min(next, nginxRetry.at) }
    return accounts.nextStep(after: now, before: streams.nextStep(before: next))
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
