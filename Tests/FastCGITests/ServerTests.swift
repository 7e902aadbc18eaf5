import FastCGI
import Foundation
import TestSupport
import Testing

@Suite("A FastCGI server", .serialized, .timeLimit(.minutes(5)))
struct ServerTests {
  @Test("answers one request after the other on a connection")
  func keepAlive() throws {
    let rig = try Rig()
    defer { rig.stop() }
    let client = try rig.connect()
    for number in 0..<1000 {
      let body = [UInt8](repeating: 1, count: number * 7)
      let response = try client.request("POST", "/a/\(number)", body: body)
      #expect(response.text == "/a/\(number) \(number * 7) \(number * 7)")
    }
    #expect(rig.server.counts.accepted == 1)
    #expect(rig.server.counts.requests == 1000)
    #expect(eventually { rig.server.counts.active == 0 })
  }

  @Test("finds parameters by their whole names, however many, and none of the last request")
  func parameters() throws {
    let rig = try Rig()
    defer { rig.stop() }
    let client = try rig.connect()
    let many = Dictionary(uniqueKeysWithValues: (1..<80).map { ("HTTP_X_\($0)", "v=\($0)") })
    for _ in 0..<3 {
      let all = try client.get("/parameters", many.merging(["HTTP_X": ""]) { $1 })
      #expect(all.text == " v=1 v=79 v=7 nil nil")
      #expect(try client.get("/parameters", ["HTTP_Y": "y"]).text == "nil nil nil nil y nil")
    }
  }

  @Test("closes the connection when the web server does not want to keep it")
  func noKeepAlive() throws {
    let rig = try Rig()
    defer { rig.stop() }
    let client = try rig.connect()
    #expect(try client.request("GET", "/x", keeping: false).text == "/x 0 0")
    #expect(throws: FastCGIClient.Failure.self) { try client.get("/y") }
    #expect(eventually { rig.server.counts.open == 0 })
  }

  @Test("answers at once beside 2,000 idle connections, with one thread")
  func idleConnections() throws {
    let rig = try Rig()
    defer { rig.stop() }
    let idle = try (0..<2000).map { _ in try rig.connect() }
    for client in idle { #expect(try client.get("/warm").status == 200) }
    let client = try rig.connect()
    let start = monotonicSeconds()
    for _ in 0..<100 { #expect(try client.get("/quick").status == 200) }
    // With a thread for each connection there would be none for this one.
    #expect(monotonicSeconds() - start < 10)
    withExtendedLifetime((idle, client)) { #expect(rig.server.counts.open == 2001) }
  }

  @Test("another thread may answer, in any order")
  func answersLater() throws {
    let rig = try Rig()
    defer { rig.stop() }
    let waiting = try (0..<100).map { _ in try rig.connect() }
    for client in waiting { try client.send(FastCGIClient.encode("GET", "/hold")) }
    #expect(eventually { rig.server.counts.active == 100 })
    #expect(try rig.connect().get("/between").text == "/between 0 0")
    rig.release()
    for client in waiting {
      #expect(try client.receive().text == "held")
      #expect(try client.get("/after").text == "/after 0 0")
    }
  }

  @Test("waits for a free request object when all are in use")
  func exhaustedPool() throws {
    var limits = Server.Limits()
    limits.requests = 2
    let rig = try Rig(limits: limits)
    defer { rig.stop() }
    let waiting = try (0..<3).map { _ in try rig.connect() }
    for client in waiting { try client.send(FastCGIClient.encode("GET", "/hold")) }
    #expect(eventually { rig.server.counts.active == 2 })
    rig.release()
    #expect(eventually { rig.server.counts.active == 1 && rig.server.counts.requests == 3 })
    rig.release()
    for client in waiting { #expect(try client.receive().text == "held") }
  }

  @Test("refuses a body over the limit and goes on with the connection")
  func largeBody() throws {
    var limits = Server.Limits()
    limits.body = 1000
    let rig = try Rig(limits: limits)
    defer { rig.stop() }
    let client = try rig.connect()
    let ones = { [UInt8](repeating: 1, count: $0) }
    #expect(try client.request("POST", "/b", body: ones(1000)).text == "/b 1000 1000")
    #expect(try client.request("POST", "/b", body: ones(1001)).status == 413)
    #expect(try client.request("POST", "/b", body: ones(3000)).status == 413)
    #expect(try client.request("POST", "/b", body: ones(1000)).text == "/b 1000 1000")
    #expect(try client.request("POST", "/b").text == "/b 0 0")
    #expect(rig.server.counts.accepted == 1)
  }

  @Test("gives up a connection whose body is far over the limit")
  func hugeBody() throws {
    var limits = Server.Limits()
    limits.body = 1000
    let rig = try Rig(limits: limits)
    defer { rig.stop() }
    let client = try rig.connect()
    _ = try? client.request("POST", "/b", body: [UInt8](repeating: 1, count: 1_000_000))
    #expect(eventually { rig.server.counts.open == 0 && rig.server.counts.active == 0 })
    #expect(try rig.connect().get("/next").status == 200)
  }
}
