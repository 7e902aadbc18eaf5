import FastCGI
import Foundation
import Glibc
import TestSupport
import Testing

@Suite("A FastCGI server with a broken peer", .serialized, .timeLimit(.minutes(5)))
struct BrokenPeerTests {
  @Test("forgets a connection that was closed while idle, without waiting")
  func closedIdle() throws {
    let rig = try Rig()
    defer { rig.stop() }
    let client = try rig.connect()
    _ = try client.get("/x")
    let other = try rig.connect()
    client.close()
    let start = monotonicSeconds()
    #expect(try other.get("/y").status == 200)
    #expect(eventually { rig.server.counts.open == 1 })
    // libfcgi by itself would wait two seconds for such a peer.
    #expect(monotonicSeconds() - start < 1.9)
  }

  @Test("survives a peer that goes away anywhere in a request")
  func closedMidRequest() throws {
    let rig = try Rig()
    defer { rig.stop() }
    let bytes = FastCGIClient.encode("POST", "/x", body: [UInt8](repeating: 7, count: 100))
    for length in 0..<bytes.count {
      let client = try rig.connect()
      try client.send(Array(bytes[..<length]))
      client.close()
    }
    #expect(try rig.connect().get("/y").status == 200)
    #expect(eventually { rig.server.counts.open == 0 && rig.server.counts.active == 0 })
  }

  @Test("survives a peer that does not wait for its answer")
  func closedBeforeAnswer() throws {
    let rig = try Rig()
    defer { rig.stop() }
    for _ in 0..<50 {
      let client = try rig.connect()
      try client.send(FastCGIClient.encode("GET", "/hold"))
      #expect(eventually { rig.server.counts.active == 1 })
      client.close()
      rig.release()
      #expect(eventually { rig.server.counts.open == 0 })
    }
    #expect(try rig.connect().get("/y").status == 200)
  }

  @Test("closes a connection that speaks something else, at once")
  func nonsense() throws {
    let rig = try Rig()
    defer { rig.stop() }
    let start = monotonicSeconds()
    var generator = SystemRandomNumberGenerator()
    for round in 0..<200 {
      let client = try rig.connect()
      let noise = (0..<200).map { _ in UInt8.random(in: 0...255, using: &generator) }
      try client.send(round == 0 ? Array("GET / HTTP/1.1\r\n\r\n".utf8) : [99] + noise)
      #expect(throws: FastCGIClient.Failure.self) { try client.receive() }
    }
    // It would wait two seconds for each of them.
    #expect(monotonicSeconds() - start < 100)
    #expect(try rig.connect().get("/y").status == 200)
    #expect(eventually { rig.server.counts.open == 0 })
  }

  @Test("does not wait long for a peer that stalls in the middle of a request")
  func stalls() throws {
    var limits = Server.Limits()
    limits.stallSeconds = 1
    let rig = try Rig(limits: limits)
    defer { rig.stop() }
    let stalled = try rig.connect()
    try stalled.send(Array(FastCGIClient.encode("POST", "/x", body: [1, 2, 3]).dropLast(8)))
    let start = monotonicSeconds()
    #expect(try rig.connect().get("/y").status == 200)
    // As long as a client of nginx waits by itself.
    #expect(monotonicSeconds() - start < 15)
    #expect(throws: FastCGIClient.Failure.self) { try stalled.receive() }
  }
}

@Suite("A draining FastCGI server", .serialized, .timeLimit(.minutes(5)))
struct DrainTests {
  @Test("closes idle connections and ends")
  func idle() throws {
    let rig = try Rig()
    let clients = try (0..<50).map { _ in try rig.connect() }
    for client in clients { _ = try client.get("/x") }
    rig.stop()
    #expect(eventually { rig.isDrained.load(ordering: .acquiring) })
    for client in clients {
      #expect(throws: FastCGIClient.Failure.self) { try client.get("/y") }
    }
  }

  @Test("finishes what was asked before, then closes")
  func busy() throws {
    let rig = try Rig()
    let client = try rig.connect()
    try client.send(FastCGIClient.encode("GET", "/hold"))
    #expect(eventually { rig.server.counts.active == 1 })
    rig.stop()
    #expect(!eventually(within: 0.1) { rig.isDrained.load(ordering: .acquiring) })
    rig.release()
    #expect(try client.receive().text == "held")
    #expect(eventually { rig.isDrained.load(ordering: .acquiring) })
  }

  @Test("waits a moment for the first request of a new connection")
  func fresh() throws {
    var limits = Server.Limits()
    limits.freshMilliseconds = 3000
    let rig = try Rig(limits: limits)
    let clients = try (0..<3).map { _ in try rig.connect() }
    #expect(eventually { rig.server.counts.open == 3 })
    rig.stop()
    #expect(!eventually(within: 0.1) { rig.isDrained.load(ordering: .acquiring) })
    #expect(try clients[0].get("/x").text == "/x 0 0")
    #expect(eventually { rig.isDrained.load(ordering: .acquiring) })
    #expect(throws: FastCGIClient.Failure.self) { try clients[1].get("/x") }
  }

  @Test("answers every request that was sent in full, whenever the drain begins")
  func race() throws {
    for round in 0..<200 {
      let rig = try Rig()
      let clients = try (0..<8).map { _ in try rig.connect() }
      for client in clients { _ = try client.get("/warm") }
      let stopper = Thread {
        let start = monotonicSeconds()
        while monotonicSeconds() < start + Double(round) * 2e-6 {}
        rig.stop()
      }
      stopper.start()
      for client in clients {
        // Either the request could not be sent any more, or it is answered.
        guard (try? client.send(FastCGIClient.encode("GET", "/x"))) != nil else { continue }
        #expect(try client.receive().text == "/x 0 0")
      }
      #expect(eventually { rig.isDrained.load(ordering: .acquiring) })
    }
  }
}
