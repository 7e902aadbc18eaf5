import Glibc
import Settings

/// One request to other workers, asked as nginx would ask them. Its connection is kept when its
/// answer was whole.
///
/// Made and finished by one thread, which may do other things between the two.
public final class PeerCall {
  public enum Failure: Error {
    /// Nobody was there, so nothing was done.
    case unreachable
    case noAnswer
  }

  public struct Answer: Sendable {
    public var status: Int
    public var body: [UInt8]
  }

  private enum Kind: UInt8 {
    case begin = 1
    case end = 3
    case parameters = 4
    case input = 5
    case output = 6
  }

  private static let longestRecord = 65_528
  private static let largestAnswer = 64 << 20
  private let connections: PeerConnections
  private let connection: PeerConnection

  /// Sends it. `deadline` is in CLOCK_MONOTONIC nanoseconds; a fresh one is sent over a connection
  /// of its own.
  public init(
    to address: Address, over connections: PeerConnections, isFresh: Bool = false,
    parameters: [(name: String, value: [UInt8])], body: [UInt8], deadline: Int64
  ) throws(Failure) {
    self.connections = connections
    // The third byte asks to keep the connection.
    var bytes = PeerCall.record(.begin, [0, 1, 1, 0, 0, 0, 0, 0])
    var list: [UInt8] = []
    for (name, value) in parameters {
      PeerCall.appendLength(name.utf8.count, to: &list)
      PeerCall.appendLength(value.count, to: &list)
      list += Array(name.utf8) + value
    }
    PeerCall.append(list, as: .parameters, to: &bytes)
    PeerCall.append(body, as: .input, to: &bytes)
    // One that does not take all of it has closed: without its end nobody begins a request.
    while !isFresh, let kept = connections.take(address) {
      guard kept.send(bytes, deadline) else { continue }
      connection = kept
      return
    }
    guard let made = connections.make(address, deadline) else { throw .unreachable }
    guard made.send(bytes, deadline) else { throw .noAnswer }
    connection = made
  }

  /// Whether the other end may have been gone before it was asked.
  public var wasKept: Bool { connection.wasKept }

  /// Waits for the answer.
  public func answer(until deadline: Int64) throws(Failure) -> Answer {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    var text: [UInt8] = []
    var start = 0
    while bytes.count < PeerCall.largestAnswer {
      let count = connection.receive(&chunk, deadline)
      guard count > 0 else { throw .noAnswer }
      bytes += chunk[..<count]
      guard try takeRecords(from: bytes, &start, &text) else { continue }
      guard let answer = PeerCall.parse(text) else { throw .noAnswer }
      connections.giveBack(connection)
      return answer
    }
    throw .noAnswer
  }

  // MARK: - Records

  /// Content of any length, and the empty record that ends it.
  private static func append(_ content: [UInt8], as kind: Kind, to bytes: inout [UInt8]) {
    var rest = content[...]
    while !rest.isEmpty {
      bytes += record(kind, Array(rest.prefix(longestRecord)))
      rest = rest.dropFirst(longestRecord)
    }
    bytes += record(kind, [])
  }

  private static func record(_ kind: Kind, _ content: [UInt8]) -> [UInt8] {
    let length = content.count
    return [1, kind.rawValue, 0, 1, UInt8(length >> 8), UInt8(length & 0xff), 0, 0] + content
  }

  private static func appendLength(_ length: Int, to list: inout [UInt8]) {
    if length > 127 {
      list += [UInt8(length >> 24) | 0x80, UInt8(length >> 16 & 0xff), UInt8(length >> 8 & 0xff)]
    }
    list.append(UInt8(length & 0xff))
  }

  /// Goes through the whole records from there on. True when the last one has come, and nothing
  /// behind it.
  private func takeRecords(
    from bytes: [UInt8], _ start: inout Int, _ text: inout [UInt8]
  ) throws(Failure) -> Bool {
    while start + 8 <= bytes.count {
      let length = Int(bytes[start + 4]) << 8 | Int(bytes[start + 5])
      let end = start + 8 + length
      let next = end + Int(bytes[start + 6])
      guard next <= bytes.count else { return false }
      let kind = Kind(rawValue: bytes[start + 1])
      if kind == .output { text += bytes[(start + 8)..<end] }
      start = next
      guard kind == .end else { continue }
      if start < bytes.count { throw .noAnswer }
      return true
    }
    return false
  }

  /// Whole only with as much of a body as the head says.
  private static func parse(_ text: [UInt8]) -> Answer? {
    var status: Int?
    var length: Int?
    var start = 0
    while let end = text[start...].firstIndex(of: UInt8(ascii: "\n")) {
      let line = String(decoding: text[start..<end].filter { $0 != 0x0d }, as: UTF8.self)
      start = end + 1
      if line.isEmpty { break }
      if line.hasPrefix("Status: ") { status = Int(line.dropFirst(8).prefix(3)) }
      if line.hasPrefix("Content-Length: ") { length = Int(line.dropFirst(16)) }
    }
    guard let status, let length, text.count - start == length else { return nil }
    return Answer(status: status, body: Array(text[start...]))
  }
}
