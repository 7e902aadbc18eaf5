import Glibc
import Settings

/// One request to other workers, asked as nginx would ask them. Its connection ends with it.
///
/// Made and finished by one thread, which may do other things between the two.
public final class PeerCall {
  public enum Failure: Error {
    /// Nobody was there, so nothing was done.
    case unreachable
    case noAnswer
  }

  public struct Answer: Sendable {
    public var status: Int
    public var body: [UInt8]
  }

  private enum Kind: UInt8 {
    case begin = 1
    case parameters = 4
    case input = 5
    case output = 6
  }

  private static let longestRecord = 65_528
  private static let largestAnswer = 64 << 20
  private let descriptor: Int32

  /// Sends it. `deadline` is in CLOCK_MONOTONIC nanoseconds.
  public init(
    to address: Address, parameters: [(name: String, value: [UInt8])], body: [UInt8],
    deadline: Int64
  ) throws(Failure) {
    guard let made = PeerCall.connected(address, deadline) else { throw .unreachable }
    descriptor = made
    var bytes = PeerCall.record(.begin, [0, 1, 0, 0, 0, 0, 0, 0])
    var list: [UInt8] = []
    for (name, value) in parameters {
      PeerCall.appendLength(name.utf8.count, to: &list)
      PeerCall.appendLength(value.count, to: &list)
      list += Array(name.utf8) + value
    }
    PeerCall.append(list, as: .parameters, to: &bytes)
    PeerCall.append(body, as: .input, to: &bytes)
    guard PeerCall.send(bytes, on: made, deadline) else { throw .noAnswer }
  }

  deinit { close(descriptor) }

  /// Waits for the answer.
  public func answer(until deadline: Int64) throws(Failure) -> Answer {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while bytes.count < PeerCall.largestAnswer {
      guard PeerCall.wait(descriptor, POLLIN, deadline) else { throw .noAnswer }
      let count = recv(descriptor, &chunk, chunk.count, 0)
      if count < 0 { throw .noAnswer }
      if count == 0 { break }
      bytes += chunk[..<count]
    }
    guard let answer = PeerCall.parse(PeerCall.output(in: bytes)) else { throw .noAnswer }
    return answer
  }

  // MARK: - Records

  /// Content of any length, and the empty record that ends it.
  private static func append(_ content: [UInt8], as kind: Kind, to bytes: inout [UInt8]) {
    var rest = content[...]
    while !rest.isEmpty {
      bytes += record(kind, Array(rest.prefix(longestRecord)))
      rest = rest.dropFirst(longestRecord)
    }
    bytes += record(kind, [])
  }

  private static func record(_ kind: Kind, _ content: [UInt8]) -> [UInt8] {
    let length = content.count
    return [1, kind.rawValue, 0, 1, UInt8(length >> 8), UInt8(length & 0xff), 0, 0] + content
  }

  private static func appendLength(_ length: Int, to list: inout [UInt8]) {
    if length > 127 {
      list += [UInt8(length >> 24) | 0x80, UInt8(length >> 16 & 0xff), UInt8(length >> 8 & 0xff)]
    }
    list.append(UInt8(length & 0xff))
  }

  private static func output(in bytes: [UInt8]) -> [UInt8] {
    var start = 0
    var text: [UInt8] = []
    while start + 8 <= bytes.count {
      let length = Int(bytes[start + 4]) << 8 | Int(bytes[start + 5])
      let end = start + 8 + length
      guard end <= bytes.count else { break }
      if bytes[start + 1] == Kind.output.rawValue { text += bytes[(start + 8)..<end] }
      start = end + Int(bytes[start + 6])
    }
    return text
  }

  /// Whole only with as much of a body as the head says.
  private static func parse(_ text: [UInt8]) -> Answer? {
    var status: Int?
    var length: Int?
    var start = 0
    while let end = text[start...].firstIndex(of: UInt8(ascii: "\n")) {
      let line = String(decoding: text[start..<end].filter { $0 != 0x0d }, as: UTF8.self)
      start = end + 1
      if line.isEmpty { break }
      if line.hasPrefix("Status: ") { status = Int(line.dropFirst(8).prefix(3)) }
      if line.hasPrefix("Content-Length: ") { length = Int(line.dropFirst(16)) }
    }
    guard let status, let length, text.count - start == length else { return nil }
    return Answer(status: status, body: Array(text[start...]))
  }

  // MARK: - The connection

  private static func connected(_ address: Address, _ deadline: Int64) -> Int32? {
    switch address {
    case .unix(let path):
      var name = sockaddr_un()
      name.sun_family = sa_family_t(AF_UNIX)
      guard path.utf8.count < MemoryLayout.size(ofValue: name.sun_path) else { return nil }
      withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
      return withUnsafeBytes(of: &name) {
        connected(
          AF_UNIX, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count),
          deadline)
      }
    case .tcp(let host, let port):
      var hints = addrinfo()
      hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
      var found: UnsafeMutablePointer<addrinfo>?
      guard getaddrinfo(host, String(port), &hints, &found) == 0, let first = found else {
        return nil
      }
      defer { freeaddrinfo(first) }
      return sequence(first: first, next: { $0.pointee.ai_next }).lazy.compactMap {
        connected($0.pointee.ai_family, $0.pointee.ai_addr, $0.pointee.ai_addrlen, deadline)
      }.first
    }
  }

  private static func connected(
    _ family: Int32, _ name: UnsafePointer<sockaddr>, _ length: socklen_t, _ deadline: Int64
  ) -> Int32? {
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let descriptor = socket(family, kind, 0)
    guard descriptor >= 0 else { return nil }
    var failure: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    if connect(descriptor, name, length) != 0 {
      failure = errno
      // A unix socket with a full queue says EAGAIN: its server is there and has too much to do.
      if failure == EINPROGRESS, wait(descriptor, POLLOUT, deadline) {
        failure = 0
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size)
      }
    }
    if failure == 0 { return descriptor }
    close(descriptor)
    return nil
  }

  private static func send(_ bytes: [UInt8], on descriptor: Int32, _ deadline: Int64) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        let rest = UnsafeRawBufferPointer(rebasing: $0[sent...])
        return Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
      }
      if count > 0 {
        sent += count
      } else if errno != EAGAIN || !wait(descriptor, POLLOUT, deadline) {
        return false
      }
    }
    return true
  }

  private static func wait(_ descriptor: Int32, _ event: Int32, _ deadline: Int64) -> Bool {
    var watched = pollfd(fd: descriptor, events: Int16(event), revents: 0)
    while true {
      var now = timespec()
      clock_gettime(CLOCK_MONOTONIC, &now)
      let left = deadline - Int64(now.tv_sec) * 1_000_000_000 - Int64(now.tv_nsec)
      guard left > 0 else { return false }
      let count = poll(&watched, 1, Int32((left + 999_999) / 1_000_000))
      if count > 0 { return true }
      if count < 0, errno != EINTR { return false }
    }
  }
}
