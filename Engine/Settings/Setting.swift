/// One thing that can be set: in the configuration file as `name = value`, in the environment as
/// `OUTCRY_NAME`.
public struct Setting: Sendable {
  /// What it is about; the sections of the example file.
  public enum Group: String, Sendable, CaseIterable {
    case places = "Where things are"
    case shards = "Shards"
    case workers = "Worker processes"
    case limits = "Limits for clients"
    case engines = "Engines"
    case logs = "Logs"
  }

  public let name: String
  public let group: Group
  public let meaning: String
  /// What holds when nobody sets it, in words where that depends on something.
  public let fallback: String
  /// Part of the value may be a password.
  public let isSecret: Bool
  /// Says where the file lies, so it cannot stand in it.
  public let isEnvironmentOnly: Bool
  let expected: String
  /// False when the text is no value for it. `base` is the folder that relative paths start from.
  let read: @Sendable (_ text: String, _ base: String, _ settings: inout Settings) -> Bool
  /// The value as it would be written.
  public let show: @Sendable (Settings) -> String

  public var variable: String { "OUTCRY_\(name.uppercased())" }

  init<Value>(
    _ name: String, _ group: Group, _ field: WritableKeyPath<Settings, Value> & Sendable,
    _ meaning: String, mustBe expected: String, fallback: String? = nil, isSecret: Bool = false,
    isEnvironmentOnly: Bool = false, parse: @escaping @Sendable (String, String) -> Value?,
    show: @escaping @Sendable (Value) -> String = { "\($0)" }
  ) {
    self.name = name
    self.group = group
    self.meaning = meaning
    self.expected = expected
    self.isSecret = isSecret
    self.isEnvironmentOnly = isEnvironmentOnly
    self.fallback = fallback ?? show(Settings()[keyPath: field])
    self.show = { show($0[keyPath: field]) }
    read = { text, base, settings in
      guard let value = parse(text, base) else { return false }
      settings[keyPath: field] = value
      return true
    }
  }

  /// The value for people: without the password that may stand in it.
  public func shown(_ settings: Settings) -> String {
    let text = show(settings)
    return isSecret ? Secrets.masked(text) : text
  }
}

extension Setting {
  static func number<Value: FixedWidthInteger & Sendable>(
    _ name: String, _ group: Group, _ field: WritableKeyPath<Settings, Value> & Sendable,
    _ range: ClosedRange<Value>, _ meaning: String
  ) -> Setting {
    Setting(
      name, group, field, meaning,
      mustBe: "a number from \(range.lowerBound) to \(range.upperBound)",
      parse: { text, _ in Value(text).flatMap { range.contains($0) ? $0 : nil } })
  }

  static func address(
    _ name: String, _ field: WritableKeyPath<Settings, Address> & Sendable, _ meaning: String,
    fallback: String
  ) -> Setting {
    Setting(
      name, .places, field, meaning, mustBe: "host:port or the path of a socket",
      fallback: fallback, parse: address)
  }

  /// A path is alone.
  static func addresses(
    _ name: String, _ field: WritableKeyPath<Settings, [Address]> & Sendable, _ meaning: String,
    fallback: String
  ) -> Setting {
    Setting(
      name, .places, field, meaning,
      mustBe: "host:port or the path of a socket, or several host:port", fallback: fallback,
      parse: { text, base in
        let words = text.contains("/") ? [text] : text.split(separator: " ").map(String.init)
        let known = words.compactMap { address($0, base) }
        return known.isEmpty || known.count < words.count ? nil : known
      }, show: { $0.map(\.description).joined(separator: " ") })
  }

  private static func address(_ text: String, _ base: String) -> Address? {
    guard case .unix(let path)? = Address(text) else { return Address(text) }
    return Address(absolute(path, base))
  }

  static func path(
    _ name: String, _ field: WritableKeyPath<Settings, String> & Sendable, _ meaning: String,
    fallback: String? = nil, isEnvironmentOnly: Bool = false
  ) -> Setting {
    Setting(
      name, .places, field, meaning, mustBe: "a path", fallback: fallback,
      isEnvironmentOnly: isEnvironmentOnly, parse: { text, base in absolute(text, base) })
  }

  static func absolute(_ path: String, _ base: String) -> String {
    path.hasPrefix("/") || base.isEmpty ? path : "\(base)/\(path)"
  }
}

/// Passwords inside connection strings.
enum Secrets {
  /// `password=…` and `//user:…@` with stars in the place of what nobody should read.
  static func masked(_ text: String) -> String {
    var rest = text[...]
    var result = ""
    while let start = rest.firstRange(of: "password") {
      result += rest[..<start.upperBound]
      rest = rest[start.upperBound...]
      let afterBlanks = rest.drop { $0 == " " }
      guard afterBlanks.first == "=" else { continue }
      rest = afterBlanks.dropFirst().drop { $0 == " " }
      result += "=***"
      rest = rest.first == "'" ? quotedEnd(rest) : rest.drop { $0 != " " && $0 != "&" }
    }
    return maskedInURI(result + rest)
  }

  /// What follows a value in single quotes, where a backslash escapes.
  private static func quotedEnd(_ text: Substring) -> Substring {
    var rest = text.dropFirst()
    while let character = rest.popFirst() {
      if character == "\\" { rest = rest.dropFirst() }
      if character == "'" { break }
    }
    return rest
  }

  private static func maskedInURI(_ text: String) -> String {
    guard let scheme = text.firstRange(of: "://") else { return text }
    let authority = text[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" }
    guard let at = authority.lastIndex(of: "@"), let colon = authority.firstIndex(of: ":"),
      colon < at
    else { return text }
    return text[..<colon] + ":***" + text[at...]
  }
}
