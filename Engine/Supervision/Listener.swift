import CShared
import Glibc
import Settings

/// The FastCGI socket. The supervisor owns it, so that connections wait in its queue while a
/// killed worker master is started again.
enum Listener {
  static func open(_ address: Address) throws(SystemError) -> Int32 {
    guard let name = address.socketNames(toListen: true).first else {
      throw SystemError(call: "getaddrinfo", code: EADDRNOTAVAIL, subject: "\(address)")
    }
    let descriptor = socket(name.family, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
    guard descriptor >= 0 else { throw .ofLast("socket", "\(address)") }
    switch address {
    case .unix(let path): unlink(path)
    case .tcp:
      var on: Int32 = 1
      setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    }
    guard name.bind(descriptor) == 0, listen(descriptor, 4096) == 0 else {
      let error = SystemError.ofLast("listen on", "\(address)")
      close(descriptor)
      throw error
    }
    return descriptor
  }
}
