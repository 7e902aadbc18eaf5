/// Where something listens: a unix socket (anything with a slash) or `host:port`.
public enum Address: Hashable, Sendable, CustomStringConvertible {
  case unix(path: String)
  case tcp(host: String, port: UInt16)

  /// A `sockaddr_un` holds 108 bytes, the last of which is the terminating zero.
  public static let longestPath = 107

  /// Nil when the text is neither; `[::1]:9000` is how an IPv6 host is written.
  public init?(_ text: String) {
    if text.contains("/") {
      guard text.utf8.count <= Address.longestPath else { return nil }
      self = .unix(path: text)
      return
    }
    guard let colon = text.lastIndex(of: ":"), colon != text.startIndex,
      let port = UInt16(text[text.index(after: colon)...]), port > 0
    else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    guard !host.isEmpty else { return nil }
    self = .tcp(host: String(host), port: port)
  }

  public var description: String {
    switch self {
    case .unix(let path): path
    case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
  }
}
