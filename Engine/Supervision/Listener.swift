import CShared
import Glibc
import Settings

/// The FastCGI socket. The supervisor owns it, so that connections wait in its queue while a
/// killed worker master is started again.
enum Listener {
  static func open(_ address: Address) throws(SystemError) -> Int32 {
    switch address {
    case .unix(let path): try openUnix(path)
    case .tcp(let host, let port): try openTCP(host, port)
    }
  }

  private static func openUnix(_ path: String) throws(SystemError) -> Int32 {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
    guard descriptor >= 0 else { throw .ofLast("socket", path) }
    var name = sockaddr_un()
    name.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
    unlink(path)
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    let bound = withUnsafePointer(to: &name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
    }
    return try listening(descriptor, bound, path)
  }

  private static func openTCP(_ host: String, _ port: UInt16) throws(SystemError) -> Int32 {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_PASSIVE
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, String(port), &hints, &list) == 0, let first = list?.pointee else {
      throw SystemError(call: "getaddrinfo", code: EADDRNOTAVAIL, subject: host)
    }
    defer { freeaddrinfo(list) }
    let kind = Int32(SOCK_STREAM.rawValue) | O_CLOEXEC
    let descriptor = socket(first.ai_family, kind, 0)
    guard descriptor >= 0 else { throw .ofLast("socket", host) }
    var on: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    let bound = bind(descriptor, first.ai_addr, first.ai_addrlen)
    return try listening(descriptor, bound, "\(host):\(port)")
  }

  private static func listening(
    _ descriptor: Int32, _ bound: Int32, _ subject: String
  ) throws(SystemError) -> Int32 {
    guard bound == 0, listen(descriptor, 4096) == 0 else {
      let error = SystemError.ofLast("listen on", subject)
      close(descriptor)
      throw error
    }
    return descriptor
  }
}
