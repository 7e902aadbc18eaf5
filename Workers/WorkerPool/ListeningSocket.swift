import CShared
import Glibc
import Processes
import Settings

/// A listening socket that child processes inherit, so it is closed by nobody but its owner's end.
public struct ListeningSocket: Sendable {
  public let descriptor: Int32

  public init(descriptor: Int32) { self.descriptor = descriptor }

  /// The socket a supervisor left at descriptor 3, by the LISTEN_FDS convention.
  public static var inherited: ListeningSocket? {
    guard let count = getenv("LISTEN_FDS"), atoi(count) >= 1 else { return nil }
    return ListeningSocket(descriptor: 3)
  }

  public static func open(_ address: Address, backlog: Int32 = 4096)
    throws(SystemCallError) -> ListeningSocket
  {
    switch address {
    case .unix(let path): try open(path: path, backlog: backlog)
    case .tcp(let host, let port): try open(host: host, port: port, backlog: backlog)
    }
  }

  /// The socket is made under another name and renamed into place: the path never disappears,
  /// so a web server that connects while a new master takes over from a dead one is not refused.
  private static func open(path: String, backlog: Int32)
    throws(SystemCallError) -> ListeningSocket
  {
    let interim = "\(path).\(getpid())"
    guard let name = Address.unix(path: interim).socketNames().first else {
      throw SystemCallError("bind \(path)", errno: ENAMETOOLONG)
    }
    let descriptor = try socket(family: name.family)
    unlink(interim)
    guard name.bind(descriptor) == 0 else {
      throw closing(descriptor, SystemCallError("bind \(path)"))
    }
    // Who may connect is decided by the folder: the web server often runs as another user.
    guard chmod(interim, 0o666) == 0, listen(descriptor, backlog) == 0,
      rename(interim, path) == 0
    else {
      let error = SystemCallError("listen \(path)")
      unlink(interim)
      throw closing(descriptor, error)
    }
    return ListeningSocket(descriptor: descriptor)
  }

  private static func open(host: String, port: UInt16, backlog: Int32)
    throws(SystemCallError) -> ListeningSocket
  {
    guard let name = Address.tcp(host: host, port: port).socketNames(toListen: true).first else {
      throw SystemCallError("getaddrinfo \(host)", errno: EADDRNOTAVAIL)
    }
    let descriptor = try socket(family: name.family)
    var on: Int32 = 1
    let size = socklen_t(MemoryLayout<Int32>.size)
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, size)
    guard name.bind(descriptor) == 0, listen(descriptor, backlog) == 0 else {
      throw closing(descriptor, SystemCallError("bind \(host):\(port)"))
    }
    return ListeningSocket(descriptor: descriptor)
  }

  private static func socket(family: Int32) throws(SystemCallError) -> Int32 {
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = Glibc.socket(family, kind, 0)
    guard descriptor >= 0 else { throw SystemCallError("socket") }
    return descriptor
  }

  private static func closing(_ descriptor: Int32, _ error: SystemCallError) -> SystemCallError {
    close(descriptor)
    return error
  }
}
