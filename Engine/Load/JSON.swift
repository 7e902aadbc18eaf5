/// A JSON document: what results are written in, and what answers outside the measured part are
/// read as. Numbers keep their text, so that a count of 64 bits stays exact.
public indirect enum JSON: Equatable, Sendable {
  case null
  case bool(Bool)
  case number(String)
  case text(String)
  case array([JSON])
  /// In the order written.
  case object([Member])

  public struct Member: Equatable, Sendable {
    public var name: String
    public var value: JSON

    public init(_ name: String, _ value: JSON) {
      self.name = name
      self.value = value
    }
  }

  public static func int(_ number: some BinaryInteger) -> JSON { .number(String(number)) }

  /// Rounded: nobody reads a result to its tenth digit.
  public static func real(_ number: Double, digits: Int = 3) -> JSON {
    number.isFinite ? .number(number.fixed(digits)) : .null
  }

  public subscript(_ name: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  public var text: String? { if case .text(let text) = self { text } else { nil } }
  public var array: [JSON]? { if case .array(let items) = self { items } else { nil } }
  public var members: [Member]? { if case .object(let members) = self { members } else { nil } }
  public var bool: Bool? { if case .bool(let flag) = self { flag } else { nil } }
  public var int: Int? { if case .number(let digits) = self { Int(digits) } else { nil } }
  public var double: Double? { if case .number(let digits) = self { Double(digits) } else { nil } }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByDictionaryLiteral {
  public init(stringLiteral text: String) { self = .text(text) }

  public init(dictionaryLiteral members: (String, JSON)...) {
    self = .object(members.map { Member($0.0, $0.1) })
  }
}

extension JSON {
  /// With a line for each member of the outer two levels, which is enough to read and to compare.
  public var written: String {
    var output = ""
    write(to: &output, depth: 0)
    return output
  }

  private static let openLevels = 2

  private func write(to output: inout String, depth: Int) {
    switch self {
    case .null: output += "null"
    case .bool(let flag): output += flag ? "true" : "false"
    case .number(let digits): output += digits
    case .text(let text): JSON.quote(text, to: &output)
    case .array(let items):
      JSON.write(items.count, in: ("[", "]"), to: &output, depth: depth) { index, output in
        items[index].write(to: &output, depth: depth + 1)
      }
    case .object(let members):
      JSON.write(members.count, in: ("{", "}"), to: &output, depth: depth) { index, output in
        JSON.quote(members[index].name, to: &output)
        output += ": "
        members[index].value.write(to: &output, depth: depth + 1)
      }
    }
  }

  private static func write(
    _ count: Int, in brackets: (String, String), to output: inout String, depth: Int,
    _ item: (Int, inout String) -> Void
  ) {
    let isOpen = depth < openLevels && count > 0
    let indent = String(repeating: "  ", count: depth + 1)
    output += brackets.0
    for index in 0..<count {
      if isOpen { output += "\n" + indent }
      item(index, &output)
      if index + 1 < count { output += isOpen ? "," : ", " }
    }
    if isOpen { output += "\n" + indent.dropLast(2) }
    output += brackets.1
  }

  private static func quote(_ text: String, to output: inout String) {
    output += "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": output += "\\\""
      case "\\": output += "\\\\"
      case "\u{0}"..."\u{1F}":
        let digits = String(scalar.value, radix: 16)
        output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: output.unicodeScalars.append(scalar)
      }
    }
    output += "\""
  }
}

extension Double {
  /// With so many digits behind the point.
  public func fixed(_ digits: Int) -> String {
    guard isFinite, magnitude < 1e15 else { return "\(self)" }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let units = Int((magnitude * scale).rounded())
    let sign = self < 0 && units > 0 ? "-" : ""
    if digits == 0 { return "\(sign)\(units)" }
    let text = String(units)
    let padded = String(repeating: "0", count: Swift.max(0, digits + 1 - text.count)) + text
    return "\(sign)\(padded.dropLast(digits)).\(padded.suffix(digits))"
  }
}
