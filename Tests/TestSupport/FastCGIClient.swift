import Glibc

/// One FastCGI connection, as a web server would use it: requests one after the other.
public final class FastCGIClient {
  public struct Response: Equatable, Sendable {
    public var status = 200
    public var headers: [String: String] = [:]
    public var body: [UInt8] = []
    public var text: String { String(decoding: body, as: UTF8.self) }
  }

  public enum Failure: Error {
    case call(String, Int32)
    /// The server closed the connection; `answered` when a part of the answer had arrived.
    case closed(answered: Bool)
    case protocolViolation(String)
  }

  public let descriptor: Int32
  public private(set) var isOpen = true
  private var input: [UInt8] = []

  /// Connects to a unix socket.
  public convenience init(path: String) throws {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    try self.init(AF_UNIX, address)
  }

  /// Connects to a TCP port of this machine.
  public convenience init(port: UInt16) throws {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    address.sin_port = port.bigEndian
    try self.init(AF_INET, address)
  }

  private init<Name: BitwiseCopyable>(_ family: Int32, _ name: Name) throws {
    descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    let connected = withUnsafeBytes(of: name) {
      connect(
        descriptor, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
    }
    guard connected == 0 else {
      let error = errno
      Glibc.close(descriptor)
      isOpen = false
      throw Failure.call("connect", error)
    }
    var patience = timeval(tv_sec: 20, tv_usec: 0)
    let length = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, length)
  }

  deinit { close() }

  public func close() {
    if isOpen { Glibc.close(descriptor) }
    isOpen = false
  }

  public func get(_ path: String, _ parameters: [String: String] = [:]) throws -> Response {
    try request("GET", path, parameters: parameters)
  }

  public func request(
    _ method: String, _ path: String, body: [UInt8] = [], parameters: [String: String] = [:],
    keeping: Bool = true
  ) throws -> Response {
    try send(
      FastCGIClient.encode(method, path, body: body, parameters: parameters, keeping: keeping))
    return try receive()
  }

  public func send(_ bytes: [UInt8]) throws {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw Failure.closed(answered: false) }
      sent += count
    }
  }

  /// Reads one whole answer.
  public func receive() throws -> Response {
    var output: [UInt8] = []
    var isStarted = false
    while true {
      let header = try take(8, isStarted)
      isStarted = true
      let content = try take(Int(header[4]) << 8 | Int(header[5]), true)
      _ = try take(Int(header[6]), true)
      switch header[1] {
      case 6: output += content
      case 3: return try FastCGIClient.parse(output)
      default: break
      }
    }
  }

  /// The bytes of a whole request.
  public static func encode(
    _ method: String, _ path: String, body: [UInt8] = [], parameters: [String: String] = [:],
    keeping: Bool = true
  ) -> [UInt8] {
    var all = [
      "REQUEST_METHOD": method, "REQUEST_URI": path, "CONTENT_LENGTH": String(body.count),
      "DOCUMENT_URI": String(path.prefix { $0 != "?" }),
      "QUERY_STRING": path.firstIndex(of: "?").map { String(path[path.index(after: $0)...]) } ?? "",
    ]
    all.merge(parameters) { $1 }
    var pairs: [UInt8] = []
    for (name, value) in all {
      for count in [name.utf8.count, value.utf8.count] {
        if count < 128 {
          pairs.append(UInt8(count))
        } else {
          pairs += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) }
          pairs[pairs.count - 4] |= 0x80
        }
      }
      pairs += Array(name.utf8) + Array(value.utf8)
    }
    return record(1, [0, 1, keeping ? 1 : 0, 0, 0, 0, 0, 0]) + stream(4, pairs) + stream(5, body)
  }

  private static func stream(_ type: UInt8, _ content: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var rest = content[...]
    while !rest.isEmpty {
      result += record(type, Array(rest.prefix(32_768)))
      rest = rest.dropFirst(32_768)
    }
    return result + record(type, [])
  }

  private static func record(_ type: UInt8, _ content: [UInt8]) -> [UInt8] {
    let padding = (8 - content.count % 8) % 8
    let length = [UInt8(content.count >> 8), UInt8(content.count & 0xff)]
    return [1, type, 0, 1] + length + [UInt8(padding), 0] + content
      + [UInt8](repeating: 0, count: padding)
  }

  private func take(_ count: Int, _ isStarted: Bool) throws -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while input.count < count {
      let received = recv(descriptor, &buffer, buffer.count, 0)
      if received < 0, errno != ECONNRESET { throw Failure.call("recv", errno) }
      guard received > 0 else { throw Failure.closed(answered: isStarted || !input.isEmpty) }
      input += buffer[..<received]
    }
    let taken = Array(input[..<count])
    input.removeFirst(count)
    return taken
  }

  private static func parse(_ output: [UInt8]) throws -> Response {
    let separator: [UInt8] = [13, 10, 13, 10]
    guard
      let end = (0..<max(0, output.count - 3)).first(where: {
        Array(output[$0..<$0 + 4]) == separator
      })
    else { throw Failure.protocolViolation(String(decoding: output, as: UTF8.self)) }
    var response = Response()
    for line in String(decoding: output[..<end], as: UTF8.self).split(separator: "\r\n") {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let value = line[line.index(after: colon)...].drop { $0 == " " }
      response.headers[line[..<colon].lowercased()] = String(value)
    }
    response.status = response.headers["status"].flatMap { Int($0.prefix(3)) } ?? 200
    response.body = Array(output[(end + 4)...])
    return response
  }
}
