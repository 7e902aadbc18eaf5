import Foundation
import TestSupport
import Testing

/// What nginx does about clients that ask too often, ask for too much at once, or are too slow.
@Suite("Limits for clients", .serialized, .timeLimit(.minutes(5)))
struct ClientLimitTests {
  private func started(_ settings: [String: String]) throws -> TestStack {
    let stack = try TestStack(settings: settings)
    let up = stack.outcry("up")
    try #require(up.status == 0, "\(up.output)")
    return stack
  }

  private func ask(_ stack: TestStack, _ path: String, _ count: Int) -> [HTTPClient.Answer] {
    let client = HTTPClient(port: stack.port)
    return (0..<count).map { _ in client.send("GET", path) }
  }

  private func expectRefusals(_ answers: [HTTPClient.Answer]) {
    for answer in answers where answer.status != 200 {
      #expect(answer.status == 429)
      #expect(answer.header("Retry-After") == "1")
      #expect(answer.header("Content-Type") == "application/json")
      #expect(answer.body.contains(#""code":"rate_limit""#))
    }
  }

  @Test("an address that asks too often gets 429, in JSON, and is served again a little later")
  func requests() throws {
    let stack = try started([
      "OUTCRY_TRUSTED_ADDRESSES": "none", "OUTCRY_ADDRESS_RATE": "20",
    ])
    let start = monotonicSeconds()
    // So many that they come faster than they are let through on any machine.
    let answers = ask(stack, "/api/x", 400)
    let seconds = monotonicSeconds() - start
    let served = answers.count { $0.status == 200 }
    // The tool that waited for the stack asked from this address too.
    #expect(served >= 5 && Double(served) <= 21 + 20 * seconds + 1, "\(served) in \(seconds) s")
    #expect(served < 400)
    expectRefusals(answers)
    #expect(eventually { stack.get("/api/x") == 200 })
  }

  @Test("registrations and logins have a limit of their own, which holds up nothing else")
  func logins() throws {
    let stack = try started(["OUTCRY_TRUSTED_ADDRESSES": "none", "OUTCRY_LOGIN_RATE": "3"])
    for path in ["/api/login", "/api/register?x=1", "/api/%6Cogin"] {
      let answers = ask(stack, path, 4)
      expectRefusals(answers)
    }
    let answers = ask(stack, "/api/login", 10)
    #expect(answers.allSatisfy { $0.status == 429 }, "\(answers.map(\.status))")
    #expect(ask(stack, "/api/orders", 30).allSatisfy { $0.status == 200 })
  }

  @Test("an address gets only so many requests under way at once")
  func connections() throws {
    let stack = try started([
      "OUTCRY_TRUSTED_ADDRESSES": "none", "OUTCRY_ADDRESS_CONNECTIONS": "3",
    ])
    let head = "POST /api/x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n"
    let slow = (0..<3).map { _ in
      RawClient(port: stack.port, sending: head + "Expect: 100-continue\r\n\r\n")
    }
    // It is asked to go on when it has been counted.
    #expect(slow.allSatisfy { client in eventually { client.isToldToGoOn } })
    #expect(stack.get("/api/x") == 429)
    for client in slow { client.send("0123456789") }
    #expect(eventually { stack.get("/api/x") == 200 })
  }

  @Test("trusted addresses, those of this machine by default, have no limit by address")
  func trusted() throws {
    let stack = try started([
      "OUTCRY_ADDRESS_RATE": "1", "OUTCRY_LOGIN_RATE": "1", "OUTCRY_ADDRESS_CONNECTIONS": "1",
    ])
    #expect(ask(stack, "/api/login", 100).allSatisfy { $0.status == 200 })
  }

  @Test("a limit of 0 is none")
  func off() throws {
    let stack = try started([
      "OUTCRY_TRUSTED_ADDRESSES": "none", "OUTCRY_ADDRESS_RATE": "0", "OUTCRY_LOGIN_RATE": "0",
      "OUTCRY_ADDRESS_CONNECTIONS": "0",
    ])
    #expect(ask(stack, "/api/login", 300).allSatisfy { $0.status == 200 })
  }

  @Test("who is slow to send or to read is let go, and meanwhile holds up nobody")
  func slowClients() throws {
    let stack = try started(["OUTCRY_CLIENT_TIMEOUT_SECONDS": "1"])
    let port = stack.port
    var clients = (0..<50).map { _ in
      RawClient(port: port, sending: "GET /api/x HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    }
    clients += (0..<50).map { _ in
      RawClient(
        port: port, sending: "POST /api/x HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\nabc")
    }
    let request = "GET /api/x HTTP/1.1\r\nHost: x\r\n\r\n"
    let many = String(repeating: request, count: 20_000)
    // Megabytes of answers that are never read.
    let readers = (0..<50).map { _ in RawClient(port: port, sending: many) }
    let strain = Strain()
    defer { strain.stop() }
    let start = monotonicSeconds()
    for _ in 0..<100 { #expect(stack.get("/api/x") == 200) }
    let seconds = monotonicSeconds() - start
    #expect(seconds < strain.allowance(3), "a hundred requests beside 150 slow clients")
    #expect(eventually { clients.allSatisfy(\.isClosed) })
    #expect(eventually { readers.allSatisfy(\.isReset) })
    #expect(stack.get("/api/x") == 200)
  }
}

/// A connection that sends what it is told, when it is told.
private final class RawClient {
  private let descriptor: Int32

  init(port: UInt16, sending text: String) {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    address.sin_port = port.bigEndian
    let length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let outcome = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, length)
      }
    }
    precondition(outcome == 0, "connect: errno \(errno)")
    send(text)
  }

  deinit { close(descriptor) }

  /// As much as the other side takes now.
  func send(_ text: String) {
    var text = text
    text.withUTF8 { bytes in
      var sent = 0
      while sent < bytes.count {
        let count = Glibc.send(
          descriptor, bytes.baseAddress! + sent, bytes.count - sent,
          Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
        guard count > 0 else { return }
        sent += count
      }
    }
  }

  /// Whether the other side has said that it waits for the body.
  var isToldToGoOn: Bool {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT | MSG_PEEK))
    return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).hasPrefix("HTTP/1.1 100 ")
  }

  /// Whether the other side has ended it; what it said before is read.
  var isClosed: Bool {
    var bytes = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
      if count == 0 { return true }
      if count < 0 { return errno != EAGAIN }
    }
  }

  /// Whether it was broken off, without reading anything.
  var isReset: Bool {
    var watched = pollfd(fd: descriptor, events: 0, revents: 0)
    return poll(&watched, 1, 0) > 0 && watched.revents & Int16(POLLERR | POLLHUP) != 0
  }
}
