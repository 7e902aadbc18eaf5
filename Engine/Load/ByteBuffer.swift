import Glibc

/// Bytes that are written and read over and over in the same memory.
struct ByteBuffer: ~Copyable {
  private(set) var base: UnsafeMutablePointer<UInt8>
  private(set) var count = 0
  private var capacity: Int

  init(capacity: Int) {
    self.capacity = capacity
    base = .allocate(capacity: capacity)
  }

  deinit { base.deallocate() }

  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  mutating func removeAll() { count = 0 }

  mutating func removeFirst(_ number: Int) {
    count -= number
    memmove(base, base + number, count)
  }

  /// Free memory at the end, for `noteWritten`.
  mutating func room(_ number: Int) -> UnsafeMutableRawPointer {
    if capacity - count < number {
      capacity = max(2 * capacity, count + number)
      let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
      larger.update(from: base, count: count)
      base.deallocate()
      base = larger
    }
    return UnsafeMutableRawPointer(base + count)
  }

  var spare: Int { capacity - count }

  mutating func noteWritten(_ number: Int) { count += number }

  mutating func append(_ text: StaticString) {
    let length = text.utf8CodeUnitCount
    room(length).copyMemory(from: text.utf8Start, byteCount: length)
    count += length
  }

  mutating func append(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { append($0) }
  }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress else { return }
    room(bytes.count).copyMemory(from: source, byteCount: bytes.count)
    count += bytes.count
  }

  mutating func append(_ number: UInt64) {
    _ = room(20)
    var digits = 1
    var bound: UInt64 = 10
    while digits < 20, number >= bound {
      digits += 1
      bound = digits < 20 ? bound &* 10 : .max
    }
    write(number, digits)
  }

  private mutating func write(_ number: UInt64, _ digits: Int) {
    var rest = number
    for index in stride(from: count + digits - 1, through: count, by: -1) {
      let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
      base[index] = 0x30 &+ UInt8(truncatingIfNeeded: digit)
      rest = quotient
    }
    count += digits
  }

  /// `steps` steps of the unit, as a decimal.
  mutating func append(_ steps: Int, _ unit: Unit) {
    let (whole, rest) = (steps * unit.units).quotientAndRemainder(dividingBy: unit.scale)
    append(UInt64(whole))
    guard unit.digits > 0 else { return }
    _ = room(unit.digits + 1)
    base[count] = 0x2e
    count += 1
    write(UInt64(rest), unit.digits)
  }
}

/// The smallest step of a price or a quantity: `units` of 10^-`digits`.
struct Unit: Equatable, Sendable {
  var digits: Int
  var units: Int
  var scale: Int

  /// "0.01", as the list of symbols has it.
  init?(_ text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, let units = Int(parts.joined()), units > 0 else { return nil }
    digits = parts.count == 2 ? parts[1].count : 0
    guard digits <= 12 else { return nil }
    self.units = units
    scale = (0..<digits).reduce(1) { scale, _ in scale * 10 }
  }

  /// The number of steps nearest to a value.
  func steps(_ value: Double) -> Int { Int((value * Double(scale) / Double(units)).rounded()) }
}
