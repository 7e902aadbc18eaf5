/// The parameters behind the `?` of a request, decoded.
public struct QueryString: Sendable {
  /// Few and mostly short enough to live inside the `String` itself.
  private var pairs: [(name: String, value: String)] = []

  /// A parameter that is not `known` is refused by its name, and so is one that comes twice.
  public init(_ text: UnsafeRawBufferPointer, known: [String]) throws(APIError) {
    for part in text.split(separator: 0x26, omittingEmptySubsequences: true) {
      let halves = part.split(separator: 0x3d, maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = PercentText.decode(halves[0], plusIsSpace: true) else {
        throw APIError(400, "invalid_query", "the query is not well-formed")
      }
      guard known.contains(name) else {
        let shown = APIError.shortened(name)
        throw APIError(
          400, "unknown_parameter", "there is no parameter \(shown) here", field: shown)
      }
      guard self[name] == nil else {
        throw APIError(400, "duplicate_parameter", "\(name) is given twice", field: name)
      }
      guard halves.count == 2, let value = PercentText.decode(halves[1], plusIsSpace: true) else {
        throw .invalid(name, "has no readable value")
      }
      pairs.append((name, value))
    }
  }

  public subscript(_ name: String) -> String? {
    pairs.first { $0.name == name }?.value
  }

  /// An integer within `range`, or nil when it is not given.
  public func integer(
    _ name: String, in range: ClosedRange<UInt64>
  ) throws(APIError) -> UInt64? {
    guard let text = self[name] else { return nil }
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = UInt64(text),
      range.contains(value)
    else {
      throw .invalid(name, "must be an integer from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }
}

public enum PercentText {
  /// Nil when an escape is cut short or the result is no UTF-8, or holds a NUL.
  static func decode(
    _ text: some Sequence<UInt8>, plusIsSpace: Bool = false
  ) -> String? {
    var iterator = text.makeIterator()
    var bytes: [UInt8] = []
    while let byte = iterator.next() {
      switch byte {
      case 0x25:
        guard let high = iterator.next().flatMap(hexDigit),
          let low = iterator.next().flatMap(hexDigit), high | low != 0
        else { return nil }
        bytes.append(high << 4 | low)
      case 0x2b where plusIsSpace: bytes.append(0x20)
      default: bytes.append(byte)
      }
    }
    guard bytes.withUnsafeBytes(UTF8Check.isValid) else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }
}
