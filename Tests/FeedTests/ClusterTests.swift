import Feed
import Foundation
import Settings
import Synchronization
import TestSupport
import Testing

@Suite("The publisher in a cluster", .serialized)
struct ClusterTests {
  let cluster = TestRedisCluster()
  private static let slot = HashSlot.of(Array("{BTC-USD}:depth".utf8))

  private func address(_ node: Int) -> Address {
    .tcp(host: "127.0.0.1", port: cluster.ports[node])
  }

  private func master() throws -> Int {
    try #require(cluster.master(ofSlot: ClusterTests.slot))
  }

  /// Some node that has nothing to do with the symbol.
  private func bystander() throws -> Int {
    let master = try master()
    return cluster.ports.indices.first {
      $0 != master && $0 % TestRedisCluster.masters != master % TestRedisCluster.masters
    }!
  }

  /// What a key holds at a node, whether or not its slot has arrived there.
  private func value(_ key: String, at node: Int) throws -> String? {
    let redis = try RedisConnection(address(node))
    _ = try redis.command("ASKING")
    guard case .text(let text)? = try? redis.command("GET", key) else { return nil }
    return text
  }

  @Test("finds the symbol's master by way of any node, and is heard at every node")
  func anyNode() throws {
    let subscriber = try Subscriber(address(try bystander()))
    // The first address given leads nowhere.
    let exchange = Exchange(
      .tcp(host: "127.0.0.1", port: freePort()), address(TestRedisCluster.masters))
    try expectEverything(of: exchange, subscriber)
    #expect(try value("{BTC-USD}:depth", at: master())?.contains("\"sequence\":20000,") == true)
  }

  @Test("goes on at the replica when the master dies, or hangs", arguments: [true, false])
  func failover(dies: Bool) throws {
    let old = try master()
    let subscriber = try Subscriber(address(try bystander()))
    let exchange = Exchange(address(try bystander()))
    try subscriber.read { $0.snapshots == 1 }
    let load = Load(exchange)
    if dies { cluster.kill(old) } else { cluster.pause(old) }
    let strain = Strain()
    defer { strain.stop() }
    let began = monotonicSeconds()
    // More than a node's time-out, an election and the longest pause between two attempts.
    #expect(eventually { exchange.losses > 0 })
    try subscriber.read { $0.snapshots > 1 }
    #expect(monotonicSeconds() - began < strain.allowance(15))
    #expect(try master() != old)
    load.stop()
    try expectRecovery(of: exchange, subscriber)
    #expect(subscriber.gaps > 0)
    if !dies { cluster.resume(old) }
  }

  @Test("follows a slot to another node without leaving anything out")
  func resharding() throws {
    let source = try master()
    let target = (source + 1) % TestRedisCluster.masters
    let slot = String(ClusterTests.slot)
    // The keys are not there yet: a node that gives a slot away sends who wants to set them on.
    cluster.command(target, "cluster", "setslot", slot, "importing", cluster.id(source))
    cluster.command(source, "cluster", "setslot", slot, "migrating", cluster.id(target))
    let subscriber = try Subscriber(address(try bystander()))
    let exchange = Exchange(address(0))
    try subscriber.read { $0.snapshots == 1 }
    let load = Load(exchange)
    #expect(try eventually { try value("{BTC-USD}:depth", at: target) != nil })
    #expect(try eventually { try value("{BTC-USD}:ticker", at: target) != nil })
    #expect(try value("{BTC-USD}:depth", at: source) == nil)
    for node in [target, source] {
      cluster.command(node, "cluster", "setslot", slot, "node", cluster.id(target))
    }
    let moved = exchange.sequence.load(ordering: .relaxed)
    #expect(
      try eventually {
        let text = try value("{BTC-USD}:depth", at: target) ?? ""
        let depth = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        return (depth?["sequence"] as? Int ?? 0) > Int(moved)
      })
    load.stop()
    try expectRecovery(of: exchange, subscriber)
    #expect(exchange.losses == 0)
    #expect(exchange.gaps == 0)
    #expect(subscriber.gaps == 0)
    let trades = exchange.trades.load(ordering: .relaxed)
    #expect(subscriber.tradeIDs == Array(1...trades))
  }

  @Test("says where it is while nothing happens, so that what a node lost shows")
  func positions() throws {
    let exchange = Exchange(address(0))
    var random = SystemRandomNumberGenerator()
    for _ in 0..<100 { exchange.step(using: &random) }
    let node = try bystander()
    #expect(try eventually { try value("{BTC-USD}:depth", at: master()) != nil })
    let subscriber = try Subscriber(address(node))
    try subscriber.read { $0.bookEnd == 100 && $0.tradesEnd != nil }
    #expect(exchange.finish())
  }
}

/// Steps of an exchange, some thousand a second, until it is stopped.
private final class Load: Sendable {
  private let isWanted = Atomic<Bool>(true)
  private let isRunning = Atomic<Bool>(true)

  init(_ exchange: Exchange) {
    Thread { [self] in
      var random = SystemRandomNumberGenerator()
      while isWanted.load(ordering: .relaxed) {
        exchange.step(using: &random)
        pause(microseconds: 200)
      }
      isRunning.store(false, ordering: .releasing)
    }.start()
  }

  func stop() {
    isWanted.store(false, ordering: .relaxed)
    _ = eventually { !isRunning.load(ordering: .acquiring) }
  }
}
