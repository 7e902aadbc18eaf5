import Glibc
import Synchronization
import TestSupport

/// An HTTP server of one thread that does what a test wants with each request.
final class FakeServer: Sendable {
  enum Action {
    case answer(String)
    /// The answer in two pieces.
    case split(String)
    /// Everybody waits so long, then the answer.
    case stall(microseconds: Int, String)
    case silence
    case close
    /// Every connection is closed, and nobody listens any more.
    case vanish
  }

  let port: UInt16
  private let stopped = Atomic(false)
  private let seen = Atomic(0)
  private let mostAtOnce = Atomic(0)
  private let over = Atomic(false)

  /// `action` is asked with the number of the request, from 1, and its text.
  init(_ action: @escaping @Sendable (Int, String) -> Action) {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && listen(listener, 512) == 0
          && getsockname(listener, $0, &length) == 0
      }
    }
    precondition(bound, "no server: errno \(errno)")
    port = UInt16(bigEndian: address.sin_port)
    let work = Unmanaged.passRetained(Work { [self] in serve(listener, action) })
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { argument in
        Unmanaged<Work>.fromOpaque(argument!).takeRetainedValue().body()
        return nil
      }, work.toOpaque())
    pthread_detach(thread)
  }

  private final class Work: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  var url: String { "http://127.0.0.1:\(port)" }
  var requests: Int { seen.load(ordering: .relaxed) }
  /// The most requests that were read in one turn.
  var mostRequestsAtOnce: Int { mostAtOnce.load(ordering: .relaxed) }

  /// To be called at the end of a test: the thread keeps the server alive until then.
  func stop() {
    stopped.store(true, ordering: .relaxed)
    _ = eventually { over.load(ordering: .acquiring) }
  }

  static func answer(_ status: String, _ body: String, _ headers: String = "") -> String {
    "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\n\(headers)"
      + "CONTENT-LENGTH: \(body.utf8.count)\r\n\r\n\(body)"
  }

  static let order = answer("201 Created", #"{"orderId":7,"status":"open","fills":[]}"#)

  private func serve(_ listener: Int32, _ action: (Int, String) -> Action) {
    var connections: [Int32: String] = [:]
    var isListening = true
    while !stopped.load(ordering: .relaxed) {
      var watched = connections.keys.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      if isListening { watched.append(pollfd(fd: listener, events: Int16(POLLIN), revents: 0)) }
      poll(&watched, nfds_t(watched.count), 20)
      var requests: [(Int32, String)] = []
      for entry in watched where entry.revents != 0 {
        if entry.fd == listener {
          let connection = accept(listener, nil, nil)
          var on: Int32 = 1
          setsockopt(connection, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4)
          connections[connection] = ""
        } else if let text = read(entry.fd) {
          connections[entry.fd]! += text
          if FakeServer.isWhole(connections[entry.fd]!) {
            requests.append((entry.fd, connections.updateValue("", forKey: entry.fd)!))
          }
        } else {
          connections[entry.fd] = nil
          close(entry.fd)
        }
      }
      if requests.count > mostRequestsAtOnce {
        mostAtOnce.store(requests.count, ordering: .relaxed)
      }
      for (descriptor, request) in requests where connections[descriptor] != nil {
        let number = seen.add(1, ordering: .relaxed).newValue
        switch action(number, request) {
        case .answer(let text): send(text, descriptor)
        case .split(let text):
          send(String(text.prefix(text.count / 2)), descriptor)
          pause(microseconds: 2000)
          send(String(text.dropFirst(text.count / 2)), descriptor)
        case .stall(let microseconds, let text):
          pause(microseconds: microseconds)
          send(text, descriptor)
        case .silence: break
        case .close:
          connections[descriptor] = nil
          close(descriptor)
        case .vanish:
          for descriptor in connections.keys { close(descriptor) }
          connections = [:]
          isListening = false
          close(listener)
        }
      }
    }
    for descriptor in connections.keys { close(descriptor) }
    if isListening { close(listener) }
    over.store(true, ordering: .releasing)
  }

  private func read(_ descriptor: Int32) -> String? {
    var chunk = [UInt8](repeating: 0, count: 262_144)
    let count = recv(descriptor, &chunk, chunk.count, 0)
    return count > 0 ? String(decoding: chunk[..<count], as: UTF8.self) : nil
  }

  private func send(_ text: String, _ descriptor: Int32) {
    Glibc.send(descriptor, text, text.utf8.count, Int32(MSG_NOSIGNAL))
  }

  private static func isWhole(_ text: String) -> Bool {
    guard let gap = text.utf8.firstRange(of: "\r\n\r\n".utf8) else { return false }
    guard let name = text.utf8.firstRange(of: "Content-Length: ".utf8) else { return true }
    let digits = text.utf8[name.upperBound...].prefix { (0x30...0x39).contains($0) }
    let length = Int(String(Substring(digits))) ?? 0
    return text.utf8.distance(from: gap.upperBound, to: text.utf8.endIndex) >= length
  }
}
