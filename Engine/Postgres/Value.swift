/// One parameter of an ordinary query, for the callers that do not count allocations.
public enum Value: Sendable, Hashable {
  case bool(Bool)
  case int16(Int16)
  case int32(Int32)
  case int64(Int64)
  case text(String)
  case bytes([UInt8])
  case int64s([Int64])
  case int16s([Int16])
  case byteStrings([[UInt8]])
  case null(ParameterType)

  /// Text, or null when there is none.
  public static func optional(_ text: String?) -> Value {
    text.map { .text($0) } ?? .null(.text)
  }

  public static func optional(_ number: Int64?) -> Value {
    number.map { .int64($0) } ?? .null(.int8)
  }
}

extension Parameters {
  public func add(_ value: Value) {
    switch value {
    case .bool(let flag): add(flag)
    case .int16(let number): add(number)
    case .int32(let number): add(number)
    case .int64(let number): add(number)
    case .text(let text): add(text)
    case .bytes(let bytes): bytes.withUnsafeBytes { add(bytes: $0) }
    case .int64s(let numbers): addInt64s(count: numbers.count) { numbers[$0] }
    case .int16s(let numbers): addInt16s(count: numbers.count) { numbers[$0] }
    case .byteStrings(let strings):
      // Copied into the arena within the call, one string at a time.
      let all = strings.flatMap(\.self)
      var starts = [0]
      for string in strings { starts.append(starts.last! + string.count) }
      all.withUnsafeBytes { all in
        addByteStrings(count: strings.count) {
          UnsafeRawBufferPointer(rebasing: all[starts[$0]..<starts[$0 + 1]])
        }
      }
    case .null(let type): addNull(type)
    }
  }
}
