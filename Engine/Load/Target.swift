import CShared
import Glibc

/// Where the exchange is: an address that took a connection.
public struct Target: Sendable {
  public struct Failure: Error, CustomStringConvertible {
    public let description: String
  }

  /// As it stands in the `Host` header.
  public let host: String
  let family: Int32
  private let address: [UInt8]

  /// "http://host:port". The first of the host's addresses that takes a connection is used.
  public init(url: String, patienceSeconds: Int = 5) throws(Failure) {
    guard url.hasPrefix("http://") else {
      throw Failure(description: "\(url): an address begins with http:// (TLS is not spoken)")
    }
    let rest = url.dropFirst(7).prefix { $0 != "/" }
    let (name, port) = Target.parts(of: String(rest))
    host = String(rest)
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(name, port, &hints, &list)
    guard code == 0 else {
      throw Failure(description: "\(name): \(String(cString: gai_strerror(code)))")
    }
    defer { freeaddrinfo(list) }
    var entry = list
    while let info = entry?.pointee {
      let bytes = UnsafeRawBufferPointer(start: info.ai_addr, count: Int(info.ai_addrlen))
      let candidate = (family: info.ai_family, address: Array(bytes))
      if let descriptor = Target.connect(candidate, patienceSeconds) {
        close(descriptor)
        (family, address) = candidate
        return
      }
      entry = info.ai_next
    }
    throw Failure(description: "nobody takes connections at \(url)")
  }

  /// "[::1]:80" is how an address with colons is written.
  private static func parts(of text: String) -> (name: String, port: String) {
    if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
      let port = text[text.index(after: end)...].dropFirst()
      let name = text[text.index(after: text.startIndex)..<end]
      return (String(name), port.isEmpty ? "80" : String(port))
    }
    guard let colon = text.lastIndex(of: ":") else { return (text, "80") }
    return (String(text[..<colon]), String(text[text.index(after: colon)...]))
  }

  func withAddress<Value>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Value) -> Value {
    Target.withAddress(address, body)
  }

  private static func withAddress<Value>(
    _ address: [UInt8], _ body: (UnsafePointer<sockaddr>, socklen_t) -> Value
  ) -> Value {
    var storage = sockaddr_storage()
    withUnsafeMutableBytes(of: &storage) { $0.copyBytes(from: address) }
    return withUnsafePointer(to: &storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(address.count))
      }
    }
  }

  /// A blocking connection whose calls give up after a while.
  func connected(patienceSeconds: Int) -> Int32? {
    Target.connect((family, address), patienceSeconds)
  }

  private static func connect(_ to: (family: Int32, address: [UInt8]), _ seconds: Int) -> Int32? {
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = socket(to.family, kind, 0)
    guard descriptor >= 0 else { return nil }
    var limit = timeval(tv_sec: seconds, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
    // On Linux this one also bounds connect(2).
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
    if withAddress(to.address, { Glibc.connect(descriptor, $0, $1) }) == 0 { return descriptor }
    close(descriptor)
    return nil
  }
}
