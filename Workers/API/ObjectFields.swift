import Wire

/// A small flat JSON object with known fields, for the requests that are rare enough to be read
/// into Swift values.
public struct ObjectFields {
  public enum Value: Equatable, Sendable {
    case string(String)
    case number([UInt8])
    case boolean(Bool)
    case null
    case other
  }

  private var values: [String: Value] = [:]

  /// Reads all of `body`; a field that is not allowed or given twice is refused by its name.
  public init(_ body: UnsafeRawBufferPointer, allowed: [String]) throws(APIError) {
    var reader = JSONReader(body)
    var problem: APIError?
    do throws(JSONError) {
      let value = try reader.value()
      if case .object = value {
        while let key = try reader.nextKey() {
          let name = String(decoding: key, as: UTF8.self)
          if !allowed.contains(name) {
            problem = problem ?? .unknownField(name)
          } else if values[name] != nil {
            problem = problem ?? .duplicateField(name)
          }
          let value = try reader.value()
          if allowed.contains(name) { values[name] = ObjectFields.kept(value) }
          try reader.skip(value)
        }
      } else {
        problem = .wrongType("body", "an object")
        try reader.skip(value)
      }
      try reader.finish()
    } catch {
      throw APIError(error)
    }
    if let problem { throw problem }
  }

  private static func kept(_ value: JSONValue) -> Value {
    switch value {
    case .string(let bytes): .string(String(decoding: bytes, as: UTF8.self))
    case .number(let bytes): .number(Array(bytes))
    case .boolean(let flag): .boolean(flag)
    case .null: .null
    case .object, .array: .other
    }
  }

  public func has(_ name: String) -> Bool { values[name] != nil }

  public func isNull(_ name: String) -> Bool { values[name] == .null }

  /// A string that must be there.
  public func string(_ name: String) throws(APIError) -> String {
    guard let value = values[name] else { throw .missing(name) }
    guard case .string(let text) = value else { throw .wrongType(name, "a string") }
    return text
  }

  /// The text of a JSON number; nil when there is none.
  func number(_ name: String) throws(APIError) -> String? {
    switch values[name] {
    case nil: return nil
    case .number(let digits): return String(decoding: digits, as: UTF8.self)
    default: throw .wrongType(name, "a number")
    }
  }

  /// The text of a decimal in a string or a number; nil when there is none.
  public func decimal(_ name: String) throws(APIError) -> [UInt8]? {
    switch values[name] {
    case nil: return nil
    case .string(let text): return Array(text.utf8)
    case .number(let digits): return digits
    default: throw .wrongType(name, "a decimal in a string, or a number")
    }
  }
}
