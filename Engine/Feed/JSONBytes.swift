import Wire

/// JSON as it is written, byte after byte, into memory that is used again.
struct JSONBytes {
  private(set) var bytes: [UInt8] = []

  mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  /// Text that is JSON already: punctuation, names of fields, plain words.
  mutating func raw(_ text: StaticString) {
    text.withUTF8Buffer { bytes.append(contentsOf: $0) }
  }

  /// A string of characters that need no escape, as symbols' names are.
  mutating func plain(_ text: String) {
    bytes.append(0x22)
    bytes.append(contentsOf: text.utf8)
    bytes.append(0x22)
  }

  mutating func integer(_ value: some FixedWidthInteger) {
    withUnsafeTemporaryAllocation(byteCount: Scale.textCapacity, alignment: 1) { buffer in
      let used = JSONBytes.whole.format(Int64(value), into: buffer)
      bytes.append(contentsOf: buffer[..<used])
    }
  }

  private static let whole = Scale(digits: 0, units: 1)

  /// A decimal in quotation marks.
  mutating func decimal(_ count: Int64, _ scale: Scale) {
    withUnsafeTemporaryAllocation(byteCount: Scale.textCapacity, alignment: 1) { buffer in
      let used = scale.format(count, into: buffer)
      bytes.append(0x22)
      bytes.append(contentsOf: buffer[..<used])
      bytes.append(0x22)
    }
  }

  mutating func optionalDecimal(_ count: Int64?, _ scale: Scale) {
    if let count { decimal(count, scale) } else { raw("null") }
  }
}
