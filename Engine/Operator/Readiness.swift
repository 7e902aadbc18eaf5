import Glibc
import Settings
import SharedMemory
import Supervision

/// Whether the whole stack answers, and what to say when it does not.
struct Readiness {
  let stack: Stack

  private var programs: [ProgramStatus] { ProgramStatus.all(in: stack.folder.statusFile) }

  /// Until the manager has read the list of symbols there is no engine that could be unready, so
  /// an answer that names none says nothing yet.
  var isReady: Bool {
    let programs = programs
    guard !programs.isEmpty, programs.allSatisfy(\.isReady),
      let answer = HTTP.get("/ready", port: stack.settings.port),
      isReady(answer.status, answer.body)
    else { return false }
    guard stack.shardCount > 1 else { return true }
    return (0..<stack.shardCount).allSatisfy(isReady(shard:))
  }

  /// nginx has asked one of them, whichever it was.
  private func isReady(shard: Int) -> Bool {
    switch FastCGICall.get("/ready", at: stack.settings(ofShard: shard).listen, seconds: 2) {
    case .answered(let status, let body): isReady(status, body)
    case .failed: false
    }
  }

  /// A worker that answers a constant names no parts at all; a shard may have no symbol.
  private func isReady(_ status: Int, _ body: String) -> Bool {
    status == 200
      && (!body.contains("\"checks\"") || body.contains("\"engine ")
        || body.contains("\"symbols\""))
  }

  /// A supervisor that is gone will not get ready any more. One that has just been started has its
  /// lock in a moment, which on a busy machine may be a long one.
  var isBeyondHope: Bool {
    guard SupervisorLock.holder(of: stack.folder.pidFile) == nil else { return false }
    return supervisor.map { waitpid($0, nil, WNOHANG) != 0 } ?? hasHadTime
  }

  private let startedAt = Clock.monotonicNanos()
  private var hasHadTime: Bool { Clock.monotonicNanos() - startedAt > 2_000_000_000 }
  /// The process that this one has started, if it did.
  private let supervisor: pid_t?

  init(stack: Stack, supervisor: pid_t? = nil) {
    self.stack = stack
    self.supervisor = supervisor
  }

  /// Names what is not ready, with the end of its log.
  func complaint(after seconds: Int) -> String {
    guard SupervisorLock.holder(of: stack.folder.pidFile) != nil else {
      return "the supervisor does not run\n" + tail(of: "supervisor")
    }
    var text = "not ready after \(seconds) s"
    let troubled = programs.filter { !$0.isReady || $0.restarts > 0 }
    for program in troubled {
      text += "\n\n\(program.name): "
      text += program.pid == 0 ? "not running" : "process \(program.pid)"
      if program.restarts > 0 { text += ", started again \(program.restarts) times" }
      text += "\n" + tail(of: program.name)
    }
    let answer = HTTP.get("/ready", port: stack.settings.port)
    text += "\n\nGET /ready: " + (answer.map { "\($0.status) \($0.body)" } ?? "no answer")
    for shard in 0..<stack.shardCount where stack.shardCount > 1 && !isReady(shard: shard) {
      text += "\nshard \(shard) is not ready"
    }
    if troubled.isEmpty { text += "\n" + tail(of: "engine") + "\n" + tail(of: "worker") }
    return text
      + "\n\nIt goes on trying: `outcry status` shows how far it is, `outcry down` ends it."
  }

  private func tail(of name: String) -> String {
    let path = "\(stack.folder.logs)/\(name).log"
    let lines = LogFile(path: path).tail(lines: 5)
    return (["  end of \(path):"] + lines.map { "    \($0)" }).joined(separator: "\n")
  }
}

/// Requests to the exchange on this machine.
enum HTTP {
  struct Answer {
    var status: Int
    var body: String
  }

  static func get(_ path: String, port: UInt16) -> Answer? {
    guard let descriptor = Port.connect(port) else { return nil }
    defer { close(descriptor) }
    var limit = timeval(tv_sec: 2, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
    let request = "GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    guard send(descriptor, request, request.utf8.count, Int32(MSG_NOSIGNAL)) > 0 else {
      return nil
    }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while bytes.count < 65536 {
      let count = recv(descriptor, &chunk, chunk.count, 0)
      guard count > 0 else { break }
      bytes.append(contentsOf: chunk[..<count])
    }
    let text = String(decoding: bytes, as: UTF8.self)
    let words = text.prefix { $0 != "\r\n" }.split(separator: " ")
    guard words.count >= 2, let status = Int(words[1]),
      let head = text.firstRange(of: "\r\n\r\n")
    else { return nil }
    return Answer(status: status, body: String(text[head.upperBound...]))
  }
}

enum Port {
  /// Whether this process could listen there.
  static func isFree(_ port: UInt16) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var on: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    return withAddress(INADDR_ANY, port) { bind(descriptor, $0, $1) } == 0
  }

  static func connect(_ port: UInt16) -> Int32? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    if withAddress(INADDR_LOOPBACK, port, { Glibc.connect(descriptor, $0, $1) }) == 0 {
      return descriptor
    }
    close(descriptor)
    return nil
  }

  private static func withAddress(
    _ host: in_addr_t, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = host.bigEndian
    address.sin_port = port.bigEndian
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }
}
