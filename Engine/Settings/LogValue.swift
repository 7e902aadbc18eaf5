/// What may stand in a field of a log line.
public protocol LogValue: Sendable {
  func appendJSON(to line: inout String)
  /// Whether there is nothing to say: then the line has no such field.
  var isAbsent: Bool { get }
}

extension LogValue {
  public var isAbsent: Bool { false }
}

extension Optional: LogValue where Wrapped: LogValue {
  public func appendJSON(to line: inout String) {
    if let self { self.appendJSON(to: &line) } else { line.append("null") }
  }

  public var isAbsent: Bool { self == nil }
}

extension String: LogValue {
  /// Quotes and escapes. Swift strings are valid UTF-8, so nothing else can break the line.
  public func appendJSON(to line: inout String) {
    line.append("\"")
    for scalar in unicodeScalars {
      switch scalar {
      case "\"": line.append("\\\"")
      case "\\": line.append("\\\\")
      case "\n": line.append("\\n")
      case "\r": line.append("\\r")
      case "\t": line.append("\\t")
      case "\u{0}"..."\u{1F}", "\u{7F}":
        let digits = String(scalar.value, radix: 16)
        line.append("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
      default: line.unicodeScalars.append(scalar)
      }
    }
    line.append("\"")
  }
}

extension LogValue where Self: BinaryInteger {
  public func appendJSON(to line: inout String) { line.append(String(self)) }
}

extension Int: LogValue {}
extension Int64: LogValue {}
extension Int32: LogValue {}
extension UInt8: LogValue {}
extension UInt16: LogValue {}
extension UInt32: LogValue {}
extension UInt64: LogValue {}

extension Bool: LogValue {
  public func appendJSON(to line: inout String) { line.append(self ? "true" : "false") }
}

extension Double: LogValue {
  /// JSON has no infinities and no not-a-number.
  public func appendJSON(to line: inout String) {
    line.append(isFinite ? String(describing: self) : "null")
  }
}
