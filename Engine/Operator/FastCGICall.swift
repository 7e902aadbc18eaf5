import Glibc
import Settings

/// One GET, as nginx would ask a worker.
enum FastCGICall {
  enum Outcome {
    case answered(status: Int, body: String)
    case failed(String)
  }

  private enum Kind: UInt8 {
    case beginRequest = 1
    case parameters = 4
    case input = 5
    case output = 6
  }

  static func get(_ path: String, at address: Address, seconds: Int) -> Outcome {
    let descriptor = connected(to: address, seconds: seconds)
    guard descriptor >= 0 else { return .failed(String(cString: strerror(errno))) }
    defer { close(descriptor) }
    let request = request(path)
    guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
      return .failed(String(cString: strerror(errno)))
    }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while bytes.count < 1 << 20 {
      let count = recv(descriptor, &chunk, chunk.count, 0)
      if count < 0 { return .failed("no answer within \(seconds) s") }
      if count == 0 { break }
      bytes += chunk[..<count]
    }
    return outcome(of: String(decoding: output(in: bytes), as: UTF8.self))
  }

  /// The role of a responder, on a connection that is closed after the answer.
  private static func request(_ path: String) -> [UInt8] {
    var parameters: [UInt8] = []
    for (name, value) in [
      ("REQUEST_METHOD", "GET"), ("REQUEST_URI", path), ("REMOTE_ADDR", "127.0.0.1"),
      ("REQUEST_ID", "health"),
    ] {
      parameters += [UInt8(name.utf8.count), UInt8(value.utf8.count)]
      parameters += Array(name.utf8) + Array(value.utf8)
    }
    return record(.beginRequest, [0, 1, 0, 0, 0, 0, 0, 0]) + record(.parameters, parameters)
      + record(.parameters, []) + record(.input, [])
  }

  private static func record(_ kind: Kind, _ content: [UInt8]) -> [UInt8] {
    let length = content.count
    return [1, kind.rawValue, 0, 1, UInt8(length >> 8), UInt8(length & 0xff), 0, 0] + content
  }

  /// What the records of the answer carry. A broken one ends it.
  private static func output(in bytes: [UInt8]) -> [UInt8] {
    var rest = bytes[...]
    var text: [UInt8] = []
    while rest.count >= 8 {
      let header = Array(rest.prefix(8))
      let length = Int(header[4]) << 8 | Int(header[5])
      rest = rest.dropFirst(8)
      if header[1] == Kind.output.rawValue { text += rest.prefix(length) }
      rest = rest.dropFirst(length + Int(header[6]))
    }
    return text
  }

  /// Without a status line it is 200, as CGI has it.
  private static func outcome(of text: String) -> Outcome {
    guard let end = text.firstRange(of: "\r\n\r\n") else { return .failed("no whole answer") }
    let lines = text[..<end.lowerBound].split(separator: "\r\n")
    let line = lines.first { $0.hasPrefix("Status: ") }?.dropFirst(8).prefix(3)
    guard let status = line.map({ Int($0) }) ?? 200 else { return .failed("no status") }
    return .answered(status: status, body: String(text[end.upperBound...]))
  }

  /// -1 and errno when there is nobody.
  private static func connected(to address: Address, seconds: Int) -> Int32 {
    switch address {
    case .unix(let path):
      var name = sockaddr_un()
      name.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
      return withUnsafeBytes(of: &name) {
        connected(
          AF_UNIX, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count),
          seconds)
      }
    case .tcp(let host, let port):
      var hints = addrinfo()
      hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
      var found: UnsafeMutablePointer<addrinfo>?
      // Who listens on every address is asked on one of this machine's.
      let name = host == "*" || host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host
      guard getaddrinfo(name, String(port), &hints, &found) == 0, let first = found else {
        errno = EADDRNOTAVAIL
        return -1
      }
      defer { freeaddrinfo(first) }
      return connected(
        first.pointee.ai_family, first.pointee.ai_addr, first.pointee.ai_addrlen, seconds)
    }
  }

  private static func connected(
    _ family: Int32, _ name: UnsafePointer<sockaddr>, _ length: socklen_t, _ seconds: Int
  ) -> Int32 {
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(family, kind, 0)
    guard descriptor >= 0 else { return -1 }
    var patience = timeval(tv_sec: seconds, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, size)
    guard connect(descriptor, name, length) == 0 else {
      let code = errno
      close(descriptor)
      errno = code
      return -1
    }
    return descriptor
  }
}
