import API
import CShared
import Glibc
import Postgres
import Settings
import SharedMemory

/// `/ready`: does everything answer that an order needs?
extension Handler {
  func ready(_ inquiry: Inquiry) throws(APIError) {
    let request = inquiry.request
    let markets = core.markets.current.markets
    try slowly(.database, request) { worker throws(APIError) in
      let core = worker.core
      var parts: [(name: String, answers: Bool)] = [
        ("database", worker.databaseAnswers), ("redis", RedisPing.answers(core.settings.redis)),
      ]
      for market in markets {
        // An engine that still recovers has the symbol already and shows nothing yet.
        let isServing = market.segment.map { $0.isEngineAlive && $0.committedSequence > 0 }
        parts.append(("engine \(market.entry.symbol.name)", isServing ?? false))
      }
      worker.handler.output.clear()
      let status = worker.handler.output.ready(parts)
      worker.handler.succeed(status, request)
    }
  }
}

extension SlowWorker {
  fileprivate var databaseAnswers: Bool {
    let answer = try? read { connection throws(PostgresError) in
      try connection.query("select 1").count
    }
    return answer == 1
  }
}

/// Asks Redis whether it is there, on a connection of its own: nothing else of a worker needs it.
enum RedisPing {
  static func answers(_ address: Address) -> Bool {
    guard let descriptor = connected(address) else { return false }
    defer { close(descriptor) }
    let ping = Array("PING\r\n".utf8)
    guard send(descriptor, ping, ping.count, Int32(MSG_NOSIGNAL)) == ping.count else {
      return false
    }
    var answer = [UInt8](repeating: 0, count: 64)
    let count = recv(descriptor, &answer, answer.count, 0)
    // "+PONG", or a demand for a password: it answers.
    return count > 0 && (answer.starts(with: "+PONG".utf8) || answer.starts(with: "-NOAUTH".utf8))
  }

  private static func connected(_ address: Address) -> Int32? {
    switch address {
    case .unix(let path):
      var name = sockaddr_un()
      name.sun_family = sa_family_t(AF_UNIX)
      guard path.utf8.count < MemoryLayout.size(ofValue: name.sun_path) else { return nil }
      withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
      let length = socklen_t(MemoryLayout<sockaddr_un>.size)
      return withUnsafeBytes(of: &name) {
        connected(AF_UNIX, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), length)
      }
    case .tcp(let host, let port):
      var hints = addrinfo()
      hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
      var found: UnsafeMutablePointer<addrinfo>?
      guard getaddrinfo(host, String(port), &hints, &found) == 0, let first = found else {
        return nil
      }
      defer { freeaddrinfo(first) }
      return connected(
        first.pointee.ai_family, first.pointee.ai_addr, first.pointee.ai_addrlen)
    }
  }

  private static func connected(
    _ family: Int32, _ name: UnsafePointer<sockaddr>, _ length: socklen_t
  ) -> Int32? {
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(family, kind, 0)
    guard descriptor >= 0 else { return nil }
    var patience = timeval(tv_sec: 1, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, size)
    guard connect(descriptor, name, length) == 0 else {
      close(descriptor)
      return nil
    }
    return descriptor
  }
}
