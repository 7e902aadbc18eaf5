/// A value as it stands in the text. Containers are entered by it: go on with `nextKey` or
/// `nextElement`.
public enum JSONValue {
  /// The content of the string, escapes resolved; valid while the reader and its input are.
  case string(UnsafeRawBufferPointer)
  /// The number's own characters: it never becomes a `Double`.
  case number(UnsafeRawBufferPointer)
  case boolean(Bool)
  case null
  case object
  case array
}

/// A strict pull reader for RFC 8259: what it lets through every JSON library reads the same way.
///
/// It allocates only when a string holds an escape. Duplicate keys are for the caller to refuse,
/// who knows which keys there are.
public struct JSONReader: ~Copyable {
  public static let deepest = 16

  private let base: UnsafePointer<UInt8>
  private let count: Int
  private var position = 0
  private var depth = 0
  /// A bit a level: whether that container has had an element, so that a comma must come next.
  private var begun: UInt32 = 0
  /// Resolved strings one after another; they never need more room than the input has.
  private var resolved: UnsafeMutableRawPointer?
  private var resolvedCount = 0

  public init(_ bytes: UnsafeRawBufferPointer) {
    // The fallback is never read: with a count of zero every access is refused first.
    base =
      bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
      ?? UnsafePointer(bitPattern: 1).unsafelyUnwrapped
    count = bytes.count
  }

  deinit { resolved?.deallocate() }

  public mutating func value() throws(JSONError) -> JSONValue {
    switch try nextByte() {
    case 0x22:
      position += 1
      return .string(try string())
    case 0x7b:
      try enter()
      return .object
    case 0x5b:
      try enter()
      return .array
    case 0x74:
      try literal("true")
      return .boolean(true)
    case 0x66:
      try literal("false")
      return .boolean(false)
    case 0x6e:
      try literal("null")
      return .null
    case 0x2d, 0x30...0x39:
      return .number(try number())
    default:
      throw fail(.unexpectedByte)
    }
  }

  /// The next key of the object entered last, its colon taken; nil when the object has ended.
  public mutating func nextKey() throws(JSONError) -> UnsafeRawBufferPointer? {
    guard try proceed(closing: 0x7d) else { return nil }
    guard try nextByte() == 0x22 else { throw fail(.unexpectedByte) }
    position += 1
    let key = try string()
    guard try nextByte() == 0x3a else { throw fail(.unexpectedByte) }
    position += 1
    return key
  }

  /// Whether the array entered last goes on; if so, its element is the next value.
  public mutating func nextElement() throws(JSONError) -> Bool {
    try proceed(closing: 0x5d)
  }

  /// Reads to the end of what `value` has entered, so that only its syntax matters.
  public mutating func skip(_ value: JSONValue) throws(JSONError) {
    switch value {
    case .object:
      while try nextKey() != nil { try skip(try self.value()) }
    case .array:
      while try nextElement() { try skip(try self.value()) }
    default: break
    }
  }

  /// Reads the rest of the object whose keys are being read.
  public mutating func skipRestOfObject() throws(JSONError) {
    try skip(.object)
  }

  /// Nothing but white space may follow.
  public mutating func finish() throws(JSONError) {
    skipSpace()
    guard position == count else { throw fail(.trailing) }
  }

  // MARK: - Structure

  private func fail(_ kind: JSONError.Kind) -> JSONError {
    JSONError(kind: position < count ? kind : .unexpectedEnd, position: position)
  }

  @inline(__always)
  private mutating func skipSpace() {
    while position < count {
      let byte = base[position]
      guard byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 else { return }
      position += 1
    }
  }

  @inline(__always)
  private mutating func nextByte() throws(JSONError) -> UInt8 {
    skipSpace()
    guard position < count else { throw fail(.unexpectedEnd) }
    return base[position]
  }

  private mutating func enter() throws(JSONError) {
    guard depth < JSONReader.deepest else { throw fail(.tooDeep) }
    position += 1
    depth += 1
    begun &= ~(1 << UInt32(depth))
  }

  @inline(__always)
  private mutating func proceed(closing: UInt8) throws(JSONError) -> Bool {
    precondition(depth > 0, "no container was entered")
    let byte = try nextByte()
    if byte == closing {
      position += 1
      depth -= 1
      return false
    }
    let level: UInt32 = 1 << UInt32(depth)
    if begun & level != 0 {
      guard byte == 0x2c else { throw fail(.unexpectedByte) }
      position += 1
    }
    begun |= level
    return true
  }

  private mutating func literal(_ word: StaticString) throws(JSONError) {
    for index in 0..<word.utf8CodeUnitCount {
      guard position < count, base[position] == word.utf8Start[index] else {
        throw fail(.unexpectedByte)
      }
      position += 1
    }
  }

  // MARK: - Numbers

  private mutating func number() throws(JSONError) -> UnsafeRawBufferPointer {
    let start = position
    if base[position] == 0x2d { position += 1 }
    let isZero = position < count && base[position] == 0x30
    let whole = digits()
    guard whole > 0 else { throw fail(.badNumber) }
    guard whole == 1 || !isZero else { throw JSONError(kind: .badNumber, position: start) }
    if position < count, base[position] == 0x2e {
      position += 1
      guard digits() > 0 else { throw fail(.badNumber) }
    }
    if position < count, base[position] | 0x20 == 0x65 {
      position += 1
      if position < count, base[position] == 0x2b || base[position] == 0x2d { position += 1 }
      guard digits() > 0 else { throw fail(.badNumber) }
    }
    return UnsafeRawBufferPointer(start: base + start, count: position - start)
  }

  @inline(__always)
  private mutating func digits() -> Int {
    let start = position
    while position < count, base[position] &- 0x30 < 10 { position += 1 }
    return position - start
  }

  // MARK: - Strings

  /// The string whose opening quote was taken.
  @inline(__always)
  private mutating func string() throws(JSONError) -> UnsafeRawBufferPointer {
    let start = position
    while position < count {
      let byte = base[position]
      if byte == 0x22 {
        position += 1
        return UnsafeRawBufferPointer(start: base + start, count: position - 1 - start)
      }
      if byte == 0x5c { return try resolvedString(from: start) }
      try character(byte)
    }
    throw fail(.unexpectedEnd)
  }

  @inline(__always)
  private mutating func character(_ byte: UInt8) throws(JSONError) {
    guard byte >= 0x20 else { throw fail(.controlCharacter) }
    if byte < 0x80 {
      position += 1
    } else {
      let length = UTF8Check.sequence(base + position, available: count - position)
      guard length > 0 else { throw JSONError(kind: .badUTF8, position: position) }
      position += length
    }
  }

  /// The slow path: a string with escapes, copied with these replaced by what they mean.
  private mutating func resolvedString(
    from start: Int
  ) throws(JSONError) -> UnsafeRawBufferPointer {
    let target: UnsafeMutableRawPointer
    if let resolved {
      target = resolved
    } else {
      target = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 1)
      resolved = target
    }
    let first = resolvedCount
    var plain = start
    while position < count {
      let byte = base[position]
      guard byte == 0x22 || byte == 0x5c else {
        try character(byte)
        continue
      }
      let length = position - plain
      (target + resolvedCount).copyMemory(from: base + plain, byteCount: length)
      resolvedCount += length
      position += 1
      if byte == 0x22 {
        return UnsafeRawBufferPointer(start: target + first, count: resolvedCount - first)
      }
      let scalar = try JSONEscape.read(base, count, &position)
      resolvedCount += UTF8Check.encode(scalar, to: target + resolvedCount)
      plain = position
    }
    throw fail(.unexpectedEnd)
  }
}
