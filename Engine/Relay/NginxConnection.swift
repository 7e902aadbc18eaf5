import Glibc
import Settings

/// Why nginx cannot be told.
struct NginxError: Error, CustomStringConvertible {
  let description: String

  static func ofLast(_ call: String) -> NginxError {
    NginxError(description: "\(call): \(String(cString: strerror(errno)))")
  }
}

/// A kept connection to nginx, over which requests travel one behind the other without waiting
/// for the answers. Nothing blocks: what cannot be sent yet is sent when poll(2) says so.
final class NginxConnection {
  /// What a request was for.
  enum Ticket: Equatable {
    case lane(Int)
    case account(UInt64)
    /// Told to everybody.
    case everybody
    /// How many account streams are open.
    case count
  }

  struct Answer {
    var status: Int
    /// Who listens to the channel, if the answer says so.
    var subscribers: Int
  }

  let descriptor: Int32
  private var output: [UInt8] = []
  private var sent = 0
  private var input: [UInt8] = []
  private var chunk = [UInt8](repeating: 0, count: 65_536)
  /// Whose answers are to come, in that order.
  private var waiting: [Ticket] = []
  private var answered = 0

  var hasOutput: Bool { sent < output.count }

  init(_ path: String) throws(NginxError) {
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw .ofLast("socket") }
    errno = ENAMETOOLONG
    guard Address.unix(path: path).socketNames().first?.connect(descriptor) == 0 else {
      let error = NginxError.ofLast("connect \(path)")
      close(descriptor)
      throw error
    }
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
  }

  deinit { close(descriptor) }

  /// Queues a message for a channel. The answer comes back under the ticket.
  func post(_ body: [UInt8], to channel: [UInt8], ticket: Ticket) {
    append("POST /publish/")
    output += channel
    append(" HTTP/1.1\r\nHost: nginx\r\nAccept: text/json\r\nContent-Length: ")
    output += Array(String(body.count).utf8)
    append("\r\n\r\n")
    output += body
    waiting.append(ticket)
  }

  /// Queues the request for what is said of comings and goings; it has no end.
  func listen() {
    append("GET /listeners HTTP/1.1\r\nHost: nginx\r\n\r\n")
  }

  private func append(_ text: StaticString) {
    text.withUTF8Buffer { output.append(contentsOf: $0) }
  }

  /// Sends what the socket takes.
  func flush() throws(NginxError) {
    while sent < output.count {
      let count = output.withUnsafeBytes {
        send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
      }
      if count < 0 {
        if errno == EAGAIN { return }
        if errno == EINTR { continue }
        throw .ofLast("send")
      }
      sent += count
    }
    output.removeAll(keepingCapacity: output.capacity < 1 << 22)
    sent = 0
  }

  /// Reads what there is; false when there was nothing.
  private func fill() throws(NginxError) -> Bool {
    let count = recv(descriptor, &chunk, chunk.count, 0)
    if count < 0 {
      if errno == EAGAIN || errno == EINTR { return false }
      throw .ofLast("recv")
    }
    guard count > 0 else { throw NginxError(description: "nginx closed the connection") }
    input += chunk[..<count]
    return true
  }

  /// Hands over the answers that have come.
  func receive(_ body: (_ ticket: Ticket, Answer) -> Void) throws(NginxError) {
    guard try fill() else { return }
    var start = 0
    while let (answer, end) = NginxAnswer.parse(input[start...]) {
      guard answered < waiting.count else {
        throw NginxError(description: "an answer that nobody asked for")
      }
      body(waiting[answered], answer)
      answered += 1
      start = end
    }
    input.removeFirst(start)
    if answered == waiting.count || answered > 4096 {
      waiting.removeFirst(answered)
      answered = 0
    }
  }

  /// Hands over the lines that have come, of an answer without an end.
  func receiveLines(_ body: (ArraySlice<UInt8>) -> Void) throws(NginxError) {
    guard try fill() else { return }
    var start = 0
    while let end = input[start...].firstIndex(of: 0x0a) {
      body(input[start..<end])
      start = end + 1
    }
    input.removeFirst(start)
    guard input.count < 65_536 else { throw NginxError(description: "a line without an end") }
  }
}
