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
    guard let name = onThisMachine(address).socketNames().first else {
      errno = EADDRNOTAVAIL
      return -1
    }
    return name.connected(patienceSeconds: seconds)
  }

  /// Who listens on every address is asked on one of this machine's.
  private static func onThisMachine(_ address: Address) -> Address {
    switch address {
    case .tcp("*", let port), .tcp("0.0.0.0", let port): .tcp(host: "127.0.0.1", port: port)
    case .tcp("::", let port): .tcp(host: "::1", port: port)
    default: address
    }
  }
}
