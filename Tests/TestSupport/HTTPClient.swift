import Glibc

/// One HTTP/1.1 request a connection, to a port of this machine.
public struct HTTPClient: Sendable {
  public struct Answer: Sendable {
    /// 0 when there was no answer.
    public var status = 0
    public var head = ""
    public var body = ""

    /// The value of a header, its name in any case.
    public func header(_ name: String) -> String? {
      for line in head.split(separator: "\r\n").dropFirst() {
        guard let colon = line.firstIndex(of: ":"),
          line[..<colon].lowercased() == name.lowercased()
        else { continue }
        return String(line[line.index(after: colon)...].drop { $0 == " " })
      }
      return nil
    }
  }

  public let port: UInt16
  public let patienceSeconds: Int

  public init(port: UInt16, patienceSeconds: Int = 15) {
    self.port = port
    self.patienceSeconds = patienceSeconds
  }

  public func send(
    _ method: String, _ path: String, headers: [String: String] = [:], body: [UInt8]? = nil
  ) -> Answer {
    var text = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    for (name, value) in headers { text += "\(name): \(value)\r\n" }
    if let body { text += "Content-Length: \(body.count)\r\n" }
    return raw(Array((text + "\r\n").utf8) + (body ?? []))
  }

  /// Sends bytes as they are and reads until the other side ends or is silent for too long.
  public func raw(_ bytes: [UInt8]) -> Answer {
    guard let descriptor = connected() else { return Answer() }
    defer { close(descriptor) }
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        Glibc.send(
          descriptor, buffer.baseAddress! + sent, buffer.count - sent, Int32(MSG_NOSIGNAL))
      }
      // Who refuses a long body answers before all of it was sent.
      guard count > 0 else { break }
      sent += count
    }
    var received: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = recv(descriptor, &chunk, chunk.count, 0)
      guard count > 0 else { break }
      received += chunk[..<count]
    }
    let text = String(decoding: received, as: UTF8.self)
    guard let gap = text.firstRange(of: "\r\n\r\n") else { return Answer() }
    let words = text.split(separator: " ", maxSplits: 2)
    return Answer(
      status: words.count > 1 ? Int(words[1]) ?? 0 : 0, head: String(text[..<gap.lowerBound]),
      body: String(text[gap.upperBound...]))
  }

  private func connected() -> Int32? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
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
    guard outcome == 0 else {
      close(descriptor)
      return nil
    }
    var limit = timeval(tv_sec: patienceSeconds, tv_usec: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    return descriptor
  }
}
