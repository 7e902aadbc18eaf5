/// What makes a body no JSON, and the byte where it stopped being it.
public struct JSONError: Error, Equatable, Sendable {
  public enum Kind: String, Sendable, CaseIterable {
    case unexpectedEnd = "the text ends too early"
    case unexpectedByte = "a character that JSON does not allow here"
    case badNumber = "not a number"
    case badEscape = "a bad escape in a string"
    case loneSurrogate = "half of a surrogate pair"
    case badUTF8 = "not UTF-8"
    case controlCharacter = "a bare control character in a string"
    case tooDeep = "nested too deeply"
    case trailing = "something follows the value"
  }

  public var kind: Kind
  public var position: Int
}

extension APIError {
  public init(_ error: JSONError) {
    self.init(400, "malformed_json", "\(error.kind.rawValue), at byte \(error.position)")
  }
}
