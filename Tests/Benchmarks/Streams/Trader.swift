import Glibc

/// Places orders that trade at once, so many a second, and notes when each was answered.
final class Trader: @unchecked Sendable {
  private let port: UInt16
  private let token: String
  private let clock: TradeClock

  init(port: UInt16, token: String, clock: TradeClock) {
    self.port = port
    self.token = token
    self.clock = clock
  }

  /// Places one order and returns the ids of its trades.
  func place(_ side: String, quantity: String, on descriptor: Int32) -> [Int] {
    let body =
      "{\"symbol\":\"BTC-USD\",\"side\":\"\(side)\",\"type\":\"limit\",\"price\":\"70000\","
      + "\"quantity\":\"\(quantity)\"}"
    let request =
      "POST /api/orders HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer \(token)\r\n"
      + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    Network.send(descriptor, Array(request.utf8))
    let answer = Network.answer(descriptor)
    guard answer.hasPrefix("HTTP/1.1 201") else { fatalError("refused: \(answer)") }
    return answer.split(separator: "\"tradeId\":").dropFirst().compactMap {
      Int($0.prefix { $0.isNumber })
    }
  }

  /// `share` of the rate, on a connection of its own.
  func run(rate: Double, seconds: Int) {
    let descriptor = Network.connected(to: port)
    let start = Network.now()
    for number in 0..<Int(rate * Double(seconds)) {
      let due = start + Int64(Double(number) / rate * 1e9)
      let wait = due - Network.now()
      if wait > 0 { poll(nil, 0, Int32(wait / 1_000_000)) }
      let trades = place("buy", quantity: "0.00001", on: descriptor)
      let now = Network.now()
      for trade in trades { clock.answered(trade, at: now) }
    }
    close(descriptor)
  }
}

enum Network {
  static func now() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
  }

  static func connected(to port: UInt16) -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    address.sin_port = port.bigEndian
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let outcome = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
    }
    guard outcome == 0 else { fatalError("connect: errno \(errno)") }
    var on: Int32 = 1
    setsockopt(
      descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    return descriptor
  }

  static func send(_ descriptor: Int32, _ bytes: [UInt8]) {
    guard Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
      fatalError("send: errno \(errno)")
    }
  }

  /// Up to the empty line, byte by byte: what follows belongs to somebody else.
  static func head(_ descriptor: Int32) -> String {
    var bytes: [UInt8] = []
    var byte: UInt8 = 0
    while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8), recv(descriptor, &byte, 1, 0) == 1 {
      bytes.append(byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// One whole answer of HTTP.
  static func answer(_ descriptor: Int32) -> String {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(descriptor, &chunk, chunk.count, 0)
      guard count > 0 else { fatalError("recv: errno \(errno)") }
      bytes += chunk[..<count]
      let text = String(decoding: bytes, as: UTF8.self)
      guard let end = text.firstRange(of: "\r\n\r\n"),
        let field = text.firstRange(of: "Content-Length: "),
        let length = Int(text[field.upperBound...].prefix { $0.isNumber })
      else { continue }
      if text[end.upperBound...].utf8.count >= length { return text }
    }
  }
}
