import FastCGI
import Foundation
import Settings
import TestSupport
import Testing

/// Requests from one worker to others.
@Suite("Calls to peers", .serialized)
struct PeerTests {
  private let rig: Rig
  private let connections = PeerConnections()
  private var address: Address { .unix(path: rig.listener.path) }

  init() throws { rig = try Rig() }

  private func deadline(_ seconds: Double = 10) -> Int64 {
    Int64((monotonicSeconds() + seconds) * 1e9)
  }

  private func call(_ path: String, body: Int = 0, isFresh: Bool = false) throws -> PeerCall {
    try PeerCall(
      to: address, over: connections, isFresh: isFresh,
      parameters: [("REQUEST_METHOD", Array("POST".utf8)), ("REQUEST_URI", Array(path.utf8))],
      body: [UInt8](repeating: 1, count: body), deadline: deadline())
  }

  private func answer(_ path: String, body: Int = 0, isFresh: Bool = false) throws -> String {
    let answer = try call(path, body: body, isFresh: isFresh).answer(until: deadline())
    #expect(answer.status == 200)
    return String(decoding: answer.body, as: UTF8.self)
  }

  @Test("one after the other they share a connection, and each gets its own answer")
  func oneConnection() throws {
    for number in 0..<200 {
      let length = number % 5 == 0 ? 200_000 : number
      #expect(try answer("/\(number)", body: length) == "/\(number) \(length) \(length)")
    }
    #expect(connections.count == 1)
    #expect(rig.server.counts.accepted == 1)
    #expect(try answer("/fresh", isFresh: true) == "/fresh 0 0")
    #expect(connections.count == 2)
  }

  @Test("at the same time each has a connection, and some are kept")
  func atTheSameTime() throws {
    let calls = try (0..<10).map { _ in try call("/hold") }
    #expect(eventually { rig.held.withLock(\.count) == 10 })
    rig.release()
    for call in calls { #expect(try call.answer(until: deadline()).status == 200) }
    #expect(connections.count == 10)
    #expect(eventually { rig.server.counts.open == 4 })
    for _ in 0..<20 { _ = try answer("/") }
    #expect(connections.count == 10)
  }

  @Test("a connection serves for a while, so that calls move to workers that were added")
  func renewed() throws {
    for _ in 0..<1001 { _ = try answer("/") }
    #expect(connections.count == 2)
  }

  @Test("one whose peer has drained is not used again, and its place is taken")
  func drained() throws {
    #expect(try answer("/1") == "/1 0 0")
    rig.stop()
    #expect(eventually { rig.isDrained.load(ordering: .acquiring) })
    let next = try Rig(listener: rig.listener)
    #expect(try answer("/2") == "/2 0 0")
    #expect(connections.count == 2)
    #expect(next.server.counts.requests == 1)
  }

  @Test("while peers drain one after the other, no call fails")
  func draining() throws {
    var current = rig
    for _ in 0..<20 {
      let next = try Rig(listener: rig.listener)
      current.stop()
      while !current.isDrained.load(ordering: .acquiring) { _ = try answer("/") }
      current = next
    }
  }

  @Test("an answer that never comes, or not whole, is none, and its connection is not kept")
  func noAnswer() throws {
    let call = try call("/hold")
    #expect(eventually { rig.held.withLock(\.count) == 1 })
    #expect(throws: PeerCall.Failure.noAnswer) { try call.answer(until: deadline(0.05)) }
    rig.release()
    #expect(try answer("/1") == "/1 0 0")
    #expect(connections.count == 2)

    let nobody = Address.unix(path: rig.folder.file("nobody"))
    #expect(throws: PeerCall.Failure.unreachable) {
      try PeerCall(
        to: nobody, over: connections, parameters: [], body: [], deadline: deadline())
    }
  }
}
