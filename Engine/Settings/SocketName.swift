import Glibc

/// Where something listens, as the kernel takes it.
public struct SocketName: Sendable {
  public let family: Int32
  private let bytes: [UInt8]

  fileprivate init(family: Int32, _ bytes: UnsafeRawBufferPointer) {
    self.family = family
    self.bytes = Array(bytes)
  }

  /// As the system call of this name.
  public func connect(_ descriptor: Int32) -> Int32 { pass { Glibc.connect(descriptor, $0, $1) } }

  /// As the system call of this name.
  public func bind(_ descriptor: Int32) -> Int32 { pass { Glibc.bind(descriptor, $0, $1) } }

  private func pass(_ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    bytes.withUnsafeBytes {
      call($0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
    }
  }
}

extension Address {
  /// A host may have several, in the order in which to try them; or none, when nobody knows it.
  public func socketNames(toListen: Bool = false) -> [SocketName] {
    switch self {
    case .unix(let path):
      var name = sockaddr_un()
      name.sun_family = sa_family_t(AF_UNIX)
      guard path.utf8.count <= Address.longestPath else { return [] }
      withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
      return withUnsafeBytes(of: &name) { [SocketName(family: AF_UNIX, $0)] }
    case .tcp(let host, let port):
      var hints = addrinfo()
      hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
      hints.ai_flags = toListen ? AI_PASSIVE : 0
      var found: UnsafeMutablePointer<addrinfo>?
      let name = toListen && host == "*" ? nil : host
      guard getaddrinfo(name, String(port), &hints, &found) == 0, let first = found else {
        return []
      }
      defer { freeaddrinfo(first) }
      return sequence(first: first, next: { $0.pointee.ai_next }).map {
        let length = Int($0.pointee.ai_addrlen)
        return SocketName(
          family: $0.pointee.ai_family,
          UnsafeRawBufferPointer(start: $0.pointee.ai_addr, count: length))
      }
    }
  }
}
