import Feed
import Settings
import Testing

@Suite("Where a cluster keeps things")
struct ClusterAddressTests {
  @Test("slots are the checksum that Redis describes")
  func checksum() {
    #expect(HashSlot.checksum(Array("123456789".utf8)[...]) == 0x31C3)
    #expect(HashSlot.checksum([]) == 0)
  }

  @Test(
    "slots are those that CLUSTER KEYSLOT tells",
    arguments: [
      ("foo", 12182), ("bar", 5061), ("", 0), ("{user1000}.following", 3443),
      ("user1000", 3443), ("foo{}{bar}", 8363), ("foo{{bar}}zap", 4015), ("foo{bar}{zap}", 5061),
      ("foo{bar", 15278), ("{BTC-USD}:depth", 7386),
    ])
  func slots(name: String, slot: Int) {
    #expect(HashSlot.of(Array(name.utf8)) == slot)
  }

  private func node(_ host: RedisReply, _ port: Int64) -> RedisReply {
    .array([host, .integer(port), .text("id"), .array([])])
  }

  @Test("an answer to CLUSTER SLOTS tells each slot's master, and every node")
  func map() throws {
    let asked = Address.tcp(host: "entrance", port: 7000)
    let map = try #require(
      SlotMap(
        .array([
          .array([
            .integer(0), .integer(99), node(.text("10.0.0.1"), 1), node(.text("::2"), 2),
          ]),
          .array([.integer(101), .integer(101), node(.text(""), 3), node(.null, 4)]),
          .array([.integer(200), .integer(16383), node(.text("10.0.0.1"), 1)]),
        ]), from: asked))
    #expect(map.master(of: 0) == .tcp(host: "10.0.0.1", port: 1))
    #expect(map.master(of: 99) == .tcp(host: "10.0.0.1", port: 1))
    #expect(map.master(of: 100) == nil)
    #expect(map.master(of: 101) == .tcp(host: "entrance", port: 3))
    #expect(map.master(of: 16383) == .tcp(host: "10.0.0.1", port: 1))
    #expect(
      map.nodes == [
        .tcp(host: "10.0.0.1", port: 1), .tcp(host: "::2", port: 2),
        .tcp(host: "entrance", port: 3), .tcp(host: "entrance", port: 4),
      ])
  }

  @Test("what is no such answer is none")
  func noMap() {
    let asked = Address.unix(path: "/run/redis.sock")
    let wrong: [RedisReply] = [
      .null, .text("OK"), .array([.integer(0)]), .array([.array([.integer(0), .integer(9)])]),
      .array([.array([.integer(5), .integer(4), node(.text("h"), 1)])]),
      .array([.array([.integer(0), .integer(16384), node(.text("h"), 1)])]),
      .array([.array([.integer(0), .integer(9), node(.text("h"), 0)])]),
      .array([.array([.integer(0), .integer(9), .text("h")])]),
    ]
    for reply in wrong { #expect(SlotMap(reply, from: asked) == nil, "\(reply)") }
    let alone = SlotMap(.array([]), from: asked)
    #expect(alone?.nodes == [])
  }

  @Test("a redirection tells kind, slot and node")
  func redirections() {
    let asked = Address.tcp(host: "entrance", port: 7000)
    func read(_ text: String, _ from: Address? = nil) -> Redirection? {
      Redirection(text, from: from ?? asked)
    }
    #expect(read("MOVED 3999 127.0.0.1:6381")?.kind == .moved)
    #expect(read("MOVED 3999 127.0.0.1:6381")?.slot == 3999)
    #expect(read("ASK 0 name:1")?.address == .tcp(host: "name", port: 1))
    #expect(read("ASK 0 name:1")?.kind == .ask)
    #expect(read("MOVED 1 2001:db8::1:6379")?.address == .tcp(host: "2001:db8::1", port: 6379))
    #expect(read("MOVED 1 :6379")?.address == .tcp(host: "entrance", port: 6379))
    #expect(read("MOVED 1 ?:6379")?.address == .tcp(host: "entrance", port: 6379))
    #expect(
      read("MOVED 1 :6379", .unix(path: "/s"))?.address == .tcp(host: "127.0.0.1", port: 6379))
    for wrong in [
      "MOVED", "MOVED 1", "MOVED x h:1", "MOVED 16384 h:1", "MOVED 1 h", "MOVED 1 h:0",
      "ERR 1 h:1", "CLUSTERDOWN The cluster is down", "MOVED 1 h:1 more",
    ] {
      #expect(read(wrong) == nil, "\(wrong)")
    }
  }
}
