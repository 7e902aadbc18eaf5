import Wire

/// Writes JSON into one buffer that is used again for every answer, so it grows a few times and
/// then never again. Commas are its own business.
public struct JSONOutput: ~Copyable {
  private var base: UnsafeMutableRawPointer
  private var capacity: Int
  public private(set) var count = 0

  public init(capacity: Int = 4096) {
    self.capacity = max(capacity, 64)
    base = UnsafeMutableRawPointer.allocate(byteCount: self.capacity, alignment: 16)
  }

  deinit { base.deallocate() }

  /// What has been written; valid until the next write.
  public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  public mutating func clear() { count = 0 }

  public var text: String { String(decoding: bytes, as: UTF8.self) }

  // MARK: - Containers

  public mutating func beginObject() {
    separate()
    put(0x7b)
  }

  public mutating func endObject() { put(0x7d) }

  public mutating func beginArray() {
    separate()
    put(0x5b)
  }

  public mutating func endArray() { put(0x5d) }

  /// A key that needs no escape, with its colon.
  @inline(__always)
  public mutating func key(_ name: StaticString) {
    let length = name.utf8CodeUnitCount
    reserve(length + 4)
    separate()
    put(0x22)
    (base + count).copyMemory(from: name.utf8Start, byteCount: length)
    count += length
    put(0x22)
    put(0x3a)
  }

  /// A key that is not known before it is written.
  public mutating func key(text name: String) {
    value(name)
    put(0x3a)
  }

  // MARK: - Values

  /// Bytes that are JSON already.
  @inline(__always)
  public mutating func raw(_ json: UnsafeRawBufferPointer) {
    separate()
    append(json)
  }

  public mutating func raw(_ json: StaticString) {
    raw(UnsafeRawBufferPointer(start: json.utf8Start, count: json.utf8CodeUnitCount))
  }

  public mutating func value(_ flag: Bool) { raw(flag ? "true" : "false") }

  public mutating func null() { raw("null") }

  public mutating func value(_ number: some FixedWidthInteger & SignedInteger) {
    integer(UInt64(number.magnitude), isNegative: number < 0)
  }

  public mutating func value(_ number: some FixedWidthInteger & UnsignedInteger) {
    integer(UInt64(number), isNegative: false)
  }

  private mutating func integer(_ magnitude: UInt64, isNegative: Bool) {
    separate()
    reserve(24)
    if isNegative { put(0x2d) }
    var digits = 1
    var bound: UInt64 = 10
    while digits < 20, magnitude >= bound {
      digits += 1
      bound = digits < 20 ? bound &* 10 : .max
    }
    var rest = magnitude
    var index = count + digits
    count = index
    repeat {
      let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
      index -= 1
      let character = 0x30 &+ UInt8(truncatingIfNeeded: digit)
      base.storeBytes(of: character, toByteOffset: index, as: UInt8.self)
      rest = quotient
    } while rest != 0
  }

  /// `units` of the scale, as a decimal string.
  @inline(__always)
  public mutating func decimal(_ units: Int64, _ scale: Scale) {
    quoted { room in scale.format(units, into: room) }
  }

  /// The average price in the tick's scale, as a decimal string.
  public mutating func average(quote: Int64, filled: Int64, tick: Scale) {
    quoted { room in tick.formatAverage(quote: quote, filled: filled, into: room) }
  }

  @inline(__always)
  private mutating func quoted(_ write: (UnsafeMutableRawBufferPointer) -> Int) {
    separate()
    reserve(Scale.textCapacity + 2)
    put(0x22)
    let room = UnsafeMutableRawBufferPointer(start: base + count, count: Scale.textCapacity)
    count += write(room)
    put(0x22)
  }

  public mutating func value(_ text: StaticString) {
    separate()
    put(0x22)
    append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    put(0x22)
  }

  public mutating func value(_ text: String) {
    var text = text
    text.withUTF8 { value(utf8: UnsafeRawBufferPointer($0)) }
  }

  /// A string of well-formed UTF-8.
  public mutating func value(utf8 text: UnsafeRawBufferPointer) {
    separate()
    reserve(text.count + 2)
    put(0x22)
    var plain = 0
    for index in 0..<text.count {
      let byte = text[index]
      guard byte < 0x20 || byte == 0x22 || byte == 0x5c else { continue }
      append(UnsafeRawBufferPointer(rebasing: text[plain..<index]))
      escape(byte)
      plain = index + 1
    }
    append(UnsafeRawBufferPointer(rebasing: text[plain...]))
    put(0x22)
  }

  private mutating func escape(_ byte: UInt8) {
    put(0x5c)
    switch byte {
    case 0x22, 0x5c: put(byte)
    case 0x0a: put(0x6e)
    case 0x0d: put(0x72)
    case 0x09: put(0x74)
    default:
      for part in [0x75, 0x30, 0x30, 0x30 + byte >> 4] { put(part) }
      put(byte & 15 < 10 ? 0x30 + byte & 15 : 0x57 + byte & 15)
    }
  }

  // MARK: - Bytes

  /// A comma, unless this is the first thing in its container or follows a key.
  @inline(__always)
  private mutating func separate() {
    guard count > 0 else { return }
    let last = base.load(fromByteOffset: count - 1, as: UInt8.self)
    if last != 0x7b, last != 0x5b, last != 0x3a { put(0x2c) }
  }

  @inline(__always)
  private mutating func put(_ byte: UInt8) {
    reserve(1)
    base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
    count += 1
  }

  @inline(__always)
  private mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress else { return }
    reserve(bytes.count)
    (base + count).copyMemory(from: source, byteCount: bytes.count)
    count += bytes.count
  }

  @inline(__always)
  private mutating func reserve(_ more: Int) {
    if capacity - count < more { grow(more) }
  }

  @inline(never)
  private mutating func grow(_ more: Int) {
    capacity = max(capacity * 2, count + more)
    let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
    larger.copyMemory(from: base, byteCount: count)
    base.deallocate()
    base = larger
  }
}
