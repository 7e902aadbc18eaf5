import Glibc

/// A listening unix socket that a test owns and hands to the processes it starts.
public final class TestListener: Sendable {
  public let descriptor: Int32
  public let path: String

  public init(path: String) {
    self.path = path
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    let bound = withUnsafeBytes(of: &address) {
      bind(descriptor, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), size)
    }
    precondition(bound == 0 && listen(descriptor, 1024) == 0, "cannot listen on \(path)")
  }

  deinit { close(descriptor) }
}
