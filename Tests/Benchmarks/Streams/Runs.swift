import Glibc
import Synchronization

/// So many clients hear so many trades a second: who missed what, and how late they were.
struct TradesRun {
  let port: UInt16
  let clients: Int
  let rate: Double
  let seconds: Int

  private static let traders = 4

  func run(maker: String, taker: String) {
    let clock = TradeClock(capacity: Int(rate) * (seconds + 10) + 1000)
    let subscribers = Subscribers(clock: clock)
    subscribers.connect(count: clients, port: port, streams: "trades.BTC-USD")
    let liquidity = Trader(port: port, token: maker, clock: clock)
    let connection = Network.connected(to: port)
    _ = liquidity.place("sell", quantity: "1000", on: connection)
    close(connection)
    // The traders' threads end before this returns; so does the clock's use.
    let running = Running()
    for _ in 0..<Self.traders {
      let trader = Trader(port: port, token: taker, clock: clock)
      let share = rate / Double(Self.traders)
      let seconds = seconds
      Thread.start {
        trader.run(rate: share, seconds: seconds)
        running.end()
      }
    }
    let began = Network.now()
    let limit = began + Int64(seconds + 30) * 1_000_000_000
    subscribers.read {
      running.ended == Self.traders && subscribers.behind == 0 || Network.now() > limit
    }
    report(subscribers, clock)
  }

  private func report(_ subscribers: Subscribers, _ clock: TradeClock) {
    let trades = clock.last
    let all = subscribers.latencies
    print(
      """
      {"clients":\(clients),"trades":\(trades),"heard":\(all.total),\
      "expected":\(trades * clients),"wrong":\(subscribers.wrong),\
      "clientsBehind":\(subscribers.behind),"messages":\(subscribers.messages / clients),\
      "p50ms":\(all.milliseconds(at: 0.5)),"p99ms":\(all.milliseconds(at: 0.99)),\
      "p999ms":\(all.milliseconds(at: 0.999))}
      """)
    let isRight =
      all.total == trades * clients && subscribers.wrong == 0 && subscribers.behind == 0
    exit(isRight ? 0 : 1)
  }
}

/// Keeps clients connected, which read what comes and do nothing.
enum HoldRun {
  static func run(port: UInt16, clients: Int, streams: String) {
    let subscribers = Subscribers(clock: TradeClock(capacity: 1), isDeaf: true)
    subscribers.connect(count: clients, port: port, streams: streams)
    print("ready")
    fflush(nil)
    var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    subscribers.read {
      poll(&input, 1, 0)
      return input.revents != 0
    }
  }
}

final class Running: Sendable {
  private let count = Atomic<Int>(0)
  var ended: Int { count.load(ordering: .acquiring) }
  func end() { count.add(1, ordering: .releasing) }
}

enum Thread {
  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  static func start(_ run: @escaping @Sendable () -> Void) {
    var handle = pthread_t()
    pthread_create(
      &handle, nil,
      { context in
        Unmanaged<Body>.fromOpaque(context!).takeRetainedValue().run()
        return nil
      }, Unmanaged.passRetained(Body(run)).toOpaque())
    pthread_detach(handle)
  }
}
