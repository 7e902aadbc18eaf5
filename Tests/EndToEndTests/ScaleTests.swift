import Foundation
import Glibc
import Relocation
import TestSupport
import Testing

/// More shards and fewer while clients trade. To them it is a slow request.
@Suite("The number of shards", .serialized, .timeLimit(.minutes(10)))
struct ScaleTests {
  /// By their hash one of these is at another shard with three than with two.
  private static let symbols = ["BTC-USD", "ETH-USD", "AAPL", "GOOG", "MSFT"]

  private func homes(_ exchange: Exchange) throws -> [String: Int64] {
    var homes: [String: Int64] = [:]
    for symbol in ScaleTests.symbols {
      homes[symbol] = try exchange.count("select shard from symbols where name = '\(symbol)'")
    }
    return homes
  }

  private func trade(_ all: [SteadyTraders], more count: Int = 60) {
    let goals = all.map { $0.acknowledged + count }
    #expect(
      eventually(within: 60) { zip(all, goals).allSatisfy { $0.acknowledged >= $1 } })
  }

  private func expectWell(_ exchange: Exchange, _ all: [SteadyTraders]) throws {
    for traders in all {
      traders.expectServed(within: 4)
      let one = try #require(traders.orders.values.first)
      #expect(traders.clients[0].call("GET", "/api/orders/\(one.id)").status != 503)
    }
    #expect(exchange.outcry("verify").status == 0)
  }

  @Test("grows from two to three under load, and back, without a failed request")
  func underLoad() throws {
    let exchange = try Exchange(
      shards: 2, environment: ["OUTCRY_PLACEMENT": "BTC-USD=0 ETH-USD=2 A-H=1 GOOG=2"])
    let engines = (0..<2).map { exchange.pid(of: $0 == 0 ? "engine" : "engine-1") }
    let workers = (0..<2).map { exchange.pid(of: $0 == 0 ? "worker" : "worker-1") }
    // Nothing is placed at a shard that is not there.
    #expect(try homes(exchange).values.allSatisfy { $0 < 2 })
    let before = try homes(exchange)
    let all = try ["BTC-USD", "ETH-USD", "GOOG"].map {
      try SteadyTraders(exchange, traders: 2, symbol: $0)
    }
    trade(all)
    let grown = exchange.outcry("scale", "shards", "3")
    #expect(grown.status == 0, "\(grown.output)")
    #expect(try homes(exchange)["ETH-USD"] == 2 && homes(exchange)["GOOG"] == 2)
    trade(all)
    #expect(exchange.outcry("status").output.contains("SHARD 2"))

    let shrunk = exchange.outcry("scale", "shards", "2")
    #expect(shrunk.status == 0, "\(shrunk.output)")
    #expect(try homes(exchange) == before)
    #expect(exchange.pid(of: "engine-2") == 0 && exchange.pid(of: "postgres-2") == 0)
    trade(all)
    // Once more: the third database has seen them already.
    #expect(exchange.outcry("scale", "shards", "3").status == 0)
    trade(all)
    for traders in all { traders.stop() }
    try expectWell(exchange, all)
    // Those that were there from the start have not been started again.
    #expect(engines == (0..<2).map { exchange.pid(of: $0 == 0 ? "engine" : "engine-1") })
    #expect(workers == (0..<2).map { exchange.pid(of: $0 == 0 ? "worker" : "worker-1") })
    let added = exchange.outcry("symbols", "add", "HAL")
    #expect(added.status == 0, "\(added.output)")
    #expect(try exchange.count("select shard from symbols where name = 'HAL'") == 1)

    #expect(exchange.outcry("scale", "shards", "9").status == 1)
    #expect(exchange.outcry("scale", "shards", "1").status == 1)
    #expect(exchange.outcry("down").status == 0)
    #expect(exchange.outcry("up", "--shards", "2").status == 1)
    #expect(exchange.outcry("up").status == 0)
    #expect(exchange.pid(of: "engine-2") != 0)
  }

  /// A program that says what a file says, and writes down when it is told that all is settled.
  private final class Wanted {
    let folder = TemporaryFolder("wanted")
    var program: String { folder.file("wanted") }
    var settled: String { readFile(folder.file("settled")) }

    init(_ count: Int) throws {
      let script = """
        #!/bin/sh
        cd "$(dirname "$0")"
        [ "${1:-}" = settled ] && { echo "$2" >>settled; exit; }
        cat number
        """
      try script.write(toFile: program, atomically: true, encoding: .utf8)
      chmod(program, 0o755)
      try say(count)
    }

    func say(_ count: Int) throws {
      try "\(count)\n".write(toFile: folder.file("number"), atomically: true, encoding: .utf8)
    }
  }

  private func start(_ exchange: Exchange, _ words: [String]) -> ChildProcess {
    ChildProcess(Products.path(of: "outcry"), words + ["--state", exchange.state])
  }

  @Test("symbols follow a number that somebody else says, and a shard that goes waits for them")
  func following() throws {
    let placement = "BTC-USD=0 AAPL=0 ETH-USD=2 GOOG=1 MSFT=2"
    let exchange = try Exchange(shards: 3, environment: ["OUTCRY_PLACEMENT": placement])
    let all = try ["BTC-USD", "ETH-USD"].map {
      try SteadyTraders(exchange, traders: 2, symbol: $0)
    }
    trade(all)
    // Nobody says how many there are to be: a shard that is stopped is only started again.
    let alone = exchange.outcry("drain", "--shard", "2")
    #expect(alone.status == 0 && alone.output.contains("nobody follows"), "\(alone.output)")

    let wanted = try Wanted(3)
    let follower = start(exchange, ["symbols", "follow", wanted.program])
    defer { follower.kill(SIGKILL) }
    #expect(eventually { wanted.settled == "3\n" })
    let stays = exchange.outcry("drain", "--shard", "2")
    #expect(stays.status == 0 && stays.output.contains("stays"), "\(stays.output)")
    #expect(try homes(exchange)["ETH-USD"] == 2)

    // As Kubernetes does it: the number, and at once the hook of the pod that goes.
    try wanted.say(2)
    let drain = start(exchange, ["drain", "--shard", "2"])
    #expect(drain.wait(within: 120) == .code(0), "\(drain.output)")
    #expect(drain.output.contains("has no symbols"))
    #expect(try homes(exchange).values.allSatisfy { $0 < 2 })
    #expect(eventually { wanted.settled == "3\n2\n" })
    trade(all)

    // A shard that is wanted but not ready gets nothing yet.
    let data = exchange.state + "/postgres-2"
    try FileManager.default.moveItem(atPath: data, toPath: data + ".away")
    let postgres = try exchange.signal("postgres-2", SIGINT)
    #expect(eventually { exchange.pid(of: "postgres-2") != postgres })
    try wanted.say(3)
    trade(all, more: 200)
    #expect(try homes(exchange)["ETH-USD"] != 2)
    try FileManager.default.moveItem(atPath: data + ".away", toPath: data)
    #expect(eventually(within: 60) { (try? homes(exchange)["ETH-USD"]) == 2 })
    #expect(eventually(within: 60) { wanted.settled == "3\n2\n3\n" })
    trade(all)

    // When all are stopped, nothing goes anywhere.
    try wanted.say(0)
    let stopped = exchange.outcry("drain", "--shard", "2")
    #expect(stopped.status == 0 && stopped.output.contains("stays"), "\(stopped.output)")
    follower.kill(SIGTERM)
    #expect(follower.wait() == .code(0), "\(follower.output)")
    for traders in all { traders.stop() }
    try expectWell(exchange, all)
  }
}
