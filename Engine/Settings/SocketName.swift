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

  /// A blocking connection whose calls give up after so long; -1 and errno when nobody is there.
  public func connected(patienceSeconds: Int) -> Int32 {
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(family, kind, 0)
    guard descriptor >= 0 else { return -1 }
    var patience = timeval(tv_sec: patienceSeconds, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
    // On Linux this one also bounds connect(2).
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, size)
    if connect(descriptor) == 0 { return descriptor }
    let code = errno
    close(descriptor)
    errno = code
    return -1
  }

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
