import Glibc

/// Writes one JSON object a line to standard error:
/// `{"time":"2026-01-31T12:00:00.000000Z","level":"info","program":"feed","pid":7,"message":"…",…}`
///
/// Fields that every program uses alike: `symbol`, `requestId`, `traceId`, `error` or `cause`.
///
/// A line goes out in a single write(2), so lines of several threads and processes that share a
/// file or a pipe do not mix. Not for the order path: it builds strings.
public struct Log: Sendable {
  public enum Level: Int, Comparable, Sendable {
    case debug, info, warning, error

    public static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
  }

  public typealias Fields = KeyValuePairs<String, any LogValue>

  public let role: String
  /// Whose engine speaks, in every line of it.
  public let symbol: String?
  public let level: Level
  let descriptor: Int32

  /// `role` says which kind of process speaks, such as `engine`.
  public init(
    role: String, symbol: String? = nil, level: Level = .info,
    descriptor: Int32 = STDERR_FILENO
  ) {
    self.role = role
    self.symbol = symbol
    self.level = level
    self.descriptor = descriptor
  }

  public func debug(_ message: String, _ fields: Fields = [:]) { write(.debug, message, fields) }
  public func info(_ message: String, _ fields: Fields = [:]) { write(.info, message, fields) }
  public func warning(_ message: String, _ fields: Fields = [:]) {
    write(.warning, message, fields)
  }
  public func error(_ message: String, _ fields: Fields = [:]) { write(.error, message, fields) }

  func write(_ level: Level, _ message: String, _ fields: Fields) {
    guard level >= self.level else { return }
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    var line = self.line(level, message, fields, at: now)
    // A log that cannot be written must not stop the exchange, and there is nobody to tell. A
    // short write (a full disk) is not completed: the rest could land inside another line.
    line.withUTF8 { bytes in
      while Glibc.write(descriptor, bytes.baseAddress, bytes.count) < 0, errno == EINTR {}
    }
  }

  func line(_ level: Level, _ message: String, _ fields: Fields, at time: timespec) -> String {
    var line = "{\"time\":\""
    line.reserveCapacity(256)
    line.append(timestamp(time))
    line.append("\",\"level\":\"\(level)\",\"program\":")
    role.appendJSON(to: &line)
    line.append(",\"pid\":\(getpid()),\"message\":")
    message.appendJSON(to: &line)
    if let symbol {
      line.append(",\"symbol\":")
      symbol.appendJSON(to: &line)
    }
    for (name, value) in fields where !value.isAbsent && (symbol == nil || name != "symbol") {
      line.append(",")
      name.appendJSON(to: &line)
      line.append(":")
      value.appendJSON(to: &line)
    }
    line.append("}\n")
    return line
  }
}

extension Log.Level {
  public init?(name: String) {
    switch name {
    case "debug": self = .debug
    case "info": self = .info
    case "warning": self = .warning
    case "error": self = .error
    default: return nil
    }
  }
}

/// ISO 8601 in UTC with microseconds; strftime has no fraction of a second.
private func timestamp(_ time: timespec) -> String {
  var seconds = time.tv_sec
  var parts = tm()
  gmtime_r(&seconds, &parts)
  func padded(_ number: some BinaryInteger, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
  let date =
    "\(padded(parts.tm_year + 1900, 4))-\(padded(parts.tm_mon + 1, 2))-\(padded(parts.tm_mday, 2))"
  let clock =
    "\(padded(parts.tm_hour, 2)):\(padded(parts.tm_min, 2)):\(padded(parts.tm_sec, 2))"
  return "\(date)T\(clock).\(padded(time.tv_nsec / 1000, 6))Z"
}
