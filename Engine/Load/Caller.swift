import Glibc

/// Requests beside the measured ones, one connection each: to register, to read the symbols, to
/// fill the books. Each gives up after a while.
struct Caller: Sendable {
  struct Reply {
    /// 0 when there was no answer.
    var status = 0
    var body: [UInt8] = []
    var seconds = 0.0
    /// What `Retry-After` asks for.
    var retryAfter: Int?

    var json: JSON? { try? JSON(parsing: body) }
    var errorCode: String {
      json?["error"]?["code"]?.text ?? (status == 0 ? "no answer" : "\(status)")
    }
  }

  let target: Target
  var patienceSeconds = 10
  private static let mostBytes = 64 << 20

  init(_ target: Target) { self.target = target }

  func call(_ method: String, _ path: String, token: String? = nil, body: [UInt8]? = nil) -> Reply {
    let start = Clock.nanos()
    var text = "\(method) \(path) HTTP/1.1\r\nHost: \(target.host)\r\nConnection: close\r\n"
    if let token { text += "Authorization: Bearer \(token)\r\n" }
    if let body {
      text += "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n"
    }
    var reply = exchange(Array((text + "\r\n").utf8) + (body ?? []))
    reply.seconds = Double(Clock.nanos() - start) / 1e9
    return reply
  }

  private func exchange(_ request: [UInt8]) -> Reply {
    guard let descriptor = target.connected(patienceSeconds: patienceSeconds) else {
      return Reply()
    }
    defer { close(descriptor) }
    let until = Clock.nanos() + Int64(patienceSeconds) * 1_000_000_000
    var sent = 0
    while sent < request.count {
      let count = request.withUnsafeBytes {
        send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
      }
      // Who refuses a long body answers before all of it was sent.
      guard count > 0, Clock.nanos() < until else { break }
      sent += count
    }
    var received = ByteBuffer(capacity: 65_536)
    while received.count < Caller.mostBytes, Clock.nanos() < until {
      let count = recv(descriptor, received.room(65_536), received.spare, 0)
      guard count > 0 else { break }
      received.noteWritten(count)
      if case .whole = Answer.read(received.bytes) { break }
    }
    guard case .whole(let answer) = Answer.read(received.bytes) else { return Reply() }
    let end = answer.bodyStart + answer.bodyLength
    let head = UnsafeRawBufferPointer(rebasing: received.bytes[..<answer.bodyStart])
    return Reply(
      status: answer.status, body: Array(received.bytes[answer.bodyStart..<end]),
      retryAfter: BodyScan.find("Retry-After: ", in: head).flatMap {
        BodyScan.integer(in: head, at: $0).map { Int($0) }
      })
  }
}
