/// The escapes of a JSON string.
enum JSONEscape {
  /// The scalar that the escape stands for; `position` is behind the backslash, and goes behind
  /// the escape.
  static func read(
    _ base: UnsafePointer<UInt8>, _ count: Int, _ position: inout Int
  ) throws(JSONError) -> UInt32 {
    guard position < count else {
      throw JSONError(kind: .unexpectedEnd, position: position)
    }
    let byte = base[position]
    position += 1
    switch byte {
    case 0x22, 0x5c, 0x2f: return UInt32(byte)
    case 0x62: return 0x08
    case 0x66: return 0x0c
    case 0x6e: return 0x0a
    case 0x72: return 0x0d
    case 0x74: return 0x09
    case 0x75: return try unicode(base, count, &position)
    default: throw JSONError(kind: .badEscape, position: position - 1)
    }
  }

  private static func unicode(
    _ base: UnsafePointer<UInt8>, _ count: Int, _ position: inout Int
  ) throws(JSONError) -> UInt32 {
    let start = position
    let first = try hex(base, count, &position)
    guard first & 0xf800 == 0xd800 else { return first }
    let lone = JSONError(kind: .loneSurrogate, position: start)
    guard first < 0xdc00, count - position >= 2, base[position] == 0x5c,
      base[position + 1] == 0x75
    else { throw lone }
    position += 2
    let second = try hex(base, count, &position)
    guard second & 0xfc00 == 0xdc00 else { throw lone }
    return 0x10000 + (first & 0x3ff) << 10 + second & 0x3ff
  }

  private static func hex(
    _ base: UnsafePointer<UInt8>, _ count: Int, _ position: inout Int
  ) throws(JSONError) -> UInt32 {
    guard count - position >= 4 else {
      throw JSONError(kind: .unexpectedEnd, position: count)
    }
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = hexDigit(base[position]) else {
        throw JSONError(kind: .badEscape, position: position)
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }
}

/// The value of a hexadecimal digit in either case.
func hexDigit(_ byte: UInt8) -> UInt8? {
  switch byte {
  case 0x30...0x39: byte - 0x30
  case 0x41...0x46: byte - 0x41 + 10
  case 0x61...0x66: byte - 0x61 + 10
  default: nil
  }
}

enum UTF8Check {
  /// The length of the well-formed sequence of two to four bytes at `bytes`, 0 when it is not
  /// one: no overlong form, no surrogate, nothing above U+10FFFF.
  static func sequence(_ bytes: UnsafePointer<UInt8>, available: Int) -> Int {
    let first = bytes[0]
    let length: Int
    var lowest: UInt8 = 0x80
    var highest: UInt8 = 0xbf
    switch first {
    case 0xc2...0xdf: length = 2
    case 0xe0...0xef:
      length = 3
      if first == 0xe0 { lowest = 0xa0 }
      if first == 0xed { highest = 0x9f }
    case 0xf0...0xf4:
      length = 4
      if first == 0xf0 { lowest = 0x90 }
      if first == 0xf4 { highest = 0x8f }
    default: return 0
    }
    guard available >= length, bytes[1] >= lowest, bytes[1] <= highest else { return 0 }
    for index in 2..<max(length, 2) where bytes[index] & 0xc0 != 0x80 { return 0 }
    return length
  }

  static func isValid(_ text: UnsafeRawBufferPointer) -> Bool {
    guard let base = text.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return true }
    var index = 0
    while index < text.count {
      let length = base[index] < 0x80 ? 1 : sequence(base + index, available: text.count - index)
      guard length > 0 else { return false }
      index += length
    }
    return true
  }

  /// Writes a scalar that is no surrogate, and returns how many bytes it took.
  static func encode(_ scalar: UInt32, to target: UnsafeMutableRawPointer) -> Int {
    let encoded = UTF8.encode(Unicode.Scalar(scalar).unsafelyUnwrapped).unsafelyUnwrapped
    var length = 0
    for byte in encoded {
      target.storeBytes(of: byte, toByteOffset: length, as: UInt8.self)
      length += 1
    }
    return length
  }
}
