/// Why a decimal is not a whole, positive number of units.
public enum DecimalError: UInt8, Error, Sendable, CaseIterable {
  /// Not a number as RFC 8259 writes them.
  case malformed = 1
  case zero
  case negative
  /// More units than an `Int64` counts.
  case overflow
  /// Between two units.
  case tooFine
}

/// The parts of a decimal as it was written: `mantissa` x 10^`exponent`, with no zero at the
/// mantissa's end. One pass over the text, so that `1e400` costs five steps and not 400.
struct DecimalParts {
  /// Only meaningful while `significant` is at most 19: more digits never fit an `Int64`.
  var mantissa: UInt64 = 0
  var significant = 0
  var exponent = 0
  var isNegative = false

  static let mostDigits = 19
  /// Far beyond any text's length, far below what overflows an `Int`.
  static let furthestExponent = 1_000_000_000

  /// Zeros after the last digit that counts: they count only when another digit follows.
  private var pendingZeros = 0

  init(_ text: UnsafeRawBufferPointer) throws(DecimalError) {
    var index = 0
    let count = text.count
    if index < count, text[index] == 0x2d {
      isNegative = true
      index += 1
    }
    let first = index
    while index < count, text[index] &- 0x30 < 10 {
      take(text[index] &- 0x30)
      index += 1
    }
    let whole = index - first
    guard whole > 0, whole == 1 || text[first] != 0x30 else { throw .malformed }
    if index < count, text[index] == 0x2e {
      index += 1
      let point = index
      while index < count, text[index] &- 0x30 < 10 {
        take(text[index] &- 0x30)
        index += 1
      }
      guard index > point else { throw .malformed }
      exponent = point - index
    }
    if index < count, text[index] | 0x20 == 0x65 {
      exponent += try DecimalParts.exponent(text, &index)
    }
    guard index == count else { throw .malformed }
    exponent += pendingZeros
  }

  @inline(__always)
  private mutating func take(_ digit: UInt8) {
    if digit == 0 {
      if significant > 0 { pendingZeros += 1 }
      return
    }
    significant += pendingZeros + 1
    if significant <= DecimalParts.mostDigits {
      for _ in 0..<pendingZeros { mantissa &*= 10 }
      mantissa = mantissa &* 10 &+ UInt64(digit)
    }
    pendingZeros = 0
  }

  private static func exponent(
    _ text: UnsafeRawBufferPointer, _ index: inout Int
  ) throws(DecimalError) -> Int {
    index += 1
    var isNegative = false
    if index < text.count, text[index] == 0x2b || text[index] == 0x2d {
      isNegative = text[index] == 0x2d
      index += 1
    }
    let first = index
    var value = 0
    while index < text.count, text[index] &- 0x30 < 10 {
      value = min(value * 10 + Int(text[index] &- 0x30), furthestExponent)
      index += 1
    }
    guard index > first else { throw .malformed }
    return isNegative ? -value : value
  }
}

extension Scale {
  /// The number of units that `text`, a JSON number or the same in a string, stands for exactly.
  ///
  /// What applies first in the order of `DecimalError` is thrown.
  public func parse(
    _ text: UnsafeRawBufferPointer, allowingZero: Bool = false
  ) throws(DecimalError) -> Int64 {
    let parts = try DecimalParts(text)
    guard parts.significant > 0 else {
      if allowingZero { return 0 }
      throw .zero
    }
    guard !parts.isNegative else { throw .negative }
    let shift = parts.exponent + Int(digits)
    guard parts.significant + shift <= DecimalParts.mostDigits else { throw .overflow }
    guard shift >= 0 else { throw .tooFine }
    // At most 19 digits by the check before the last, which a UInt64 holds.
    var value = parts.mantissa
    for _ in 0..<shift { value &*= 10 }
    guard value <= UInt64(Int64.max) else { throw .overflow }
    if units == 1 { return Int64(value) }
    let (quotient, remainder) = Int64(value).quotientAndRemainder(dividingBy: units)
    guard remainder == 0 else { throw .tooFine }
    return quotient
  }

  public func parse(
    _ text: some StringProtocol, allowingZero: Bool = false
  ) throws(DecimalError) -> Int64 {
    let bytes = Array(text.utf8)
    return try bytes.withUnsafeBufferPointer { bytes throws(DecimalError) in
      try parse(UnsafeRawBufferPointer(bytes), allowingZero: allowingZero)
    }
  }

  /// The unit written as a decimal: `0.01` is one unit of two digits, `0.050` fifty of three.
  public init(decimal text: some StringProtocol) throws(DecimalError) {
    let bytes = Array(text.utf8)
    let fraction = bytes.firstIndex(of: 0x2e).map { bytes.count - $0 - 1 } ?? 0
    guard fraction <= 18 else { throw .tooFine }
    let counted = Scale(digits: UInt8(fraction), units: 1)
    self.init(digits: UInt8(fraction), units: try counted.parse(text))
  }

  /// The unit of a price in this scale times a quantity in the other; nil when it has more than
  /// 18 digits or its count of units is beyond an `Int64`. A symbol must have one.
  public func times(_ other: Scale) -> Scale? {
    let (units, overflow) = units.multipliedReportingOverflow(by: other.units)
    guard !overflow, digits + other.digits <= 18 else { return nil }
    return Scale(digits: digits + other.digits, units: units)
  }
}
