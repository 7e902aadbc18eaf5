import Glibc
import Synchronization

private let given = Mutex<Set<UInt16>>([])

/// A TCP port that nobody listens on and that is given to nobody else here. It is none of those
/// that the kernel gives to clients, or a connection made somewhere meanwhile could be on it by the
/// time that the server asks for it.
public func freePort() -> UInt16 {
  for _ in 0..<10_000 {
    let port = UInt16.random(in: serverPorts)
    guard isFree(port), given.withLock({ $0.insert(port).inserted }) else { continue }
    return port
  }
  preconditionFailure("no free port in \(serverPorts)")
}

/// Below the clients' ports, or above them where those begin low.
private let serverPorts: ClosedRange<UInt16> = {
  let ends = readFile("/proc/sys/net/ipv4/ip_local_port_range")
    .split(whereSeparator: \.isWhitespace).compactMap { UInt16($0) }
  guard ends.count == 2, ends[0] < 12_000 else { return 10_000...((ends.first ?? 32_768) - 1) }
  return ends[1] < 64_000 ? (ends[1] + 1)...65_535 : 2000...9999
}()

private func isFree(_ port: UInt16) -> Bool {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(descriptor) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = port.bigEndian
  return withUnsafePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
    }
  }
}
