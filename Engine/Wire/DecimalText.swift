/// Writing amounts as decimals: always exact, always the scale's digits, so `70000.00`.
extension Scale {
  /// Enough for a sign, the 38 digits of two multiplied `Int64` and a point.
  public static let textCapacity = 48
  /// How many digits an average price may have beyond those of the tick.
  public static let averageDigits = 6

  /// Writes `count` units and returns the bytes used. `buffer` holds at least `textCapacity`.
  public func format(_ count: Int64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let magnitude = count.magnitude
    let (value, overflow) = magnitude.multipliedReportingOverflow(by: units.magnitude)
    guard overflow else {
      return Scale.write(value, digits: Int(digits), isNegative: count < 0, into: buffer)
    }
    let wide = UInt128(magnitude) * UInt128(units.magnitude)
    return Scale.write(wide, digits: Int(digits), isNegative: count < 0, into: buffer)
  }

  public func text(_ count: Int64) -> String {
    withUnsafeTemporaryAllocation(byteCount: Scale.textCapacity, alignment: 1) { buffer in
      let used = format(count, into: buffer)
      return String(decoding: buffer[..<used], as: UTF8.self)
    }
  }

  /// The same for a count beyond 64 bits; nil when its decimal would be beyond 128.
  public func text(wide count: Int128) -> String? {
    let (value, overflow) = count.magnitude.multipliedReportingOverflow(by: UInt128(units))
    guard !overflow else { return nil }
    return withUnsafeTemporaryAllocation(byteCount: Scale.textCapacity, alignment: 1) { buffer in
      let used = Scale.write(value, digits: Int(digits), isNegative: count < 0, into: buffer)
      return String(decoding: buffer[..<used], as: UTF8.self)
    }
  }

  /// Writes the average price of `filled` lots that cost `quote` tick x lot; self is the tick.
  ///
  /// It has the tick's digits when that is exact. Otherwise it has as many more as it needs, at
  /// most `averageDigits`, and is rounded there to the nearest, a tie to the even digit.
  public func formatAverage(
    quote: Int64, filled: Int64, into buffer: UnsafeMutableRawBufferPointer
  ) -> Int {
    precondition(quote >= 0 && filled > 0, "an average needs something that was filled")
    let divisor = filled.magnitude
    let (total, overflow) = quote.magnitude.multipliedReportingOverflow(by: units.magnitude)
    if !overflow {
      let (quotient, remainder) = total.quotientAndRemainder(dividingBy: divisor)
      if remainder == 0 {
        return Scale.write(quotient, digits: Int(digits), isNegative: false, into: buffer)
      }
    }
    let wide = UInt128(quote.magnitude) * UInt128(units.magnitude)
    return writeAverage(wide, dividedBy: UInt128(divisor), into: buffer)
  }

  /// The average price of `lots` that cost `quote` tick x lot; nil beyond 128 bits.
  public func averageText(quote: UInt128, lots: UInt128) -> String? {
    precondition(lots > 0, "an average needs something that is held")
    let (total, overflow) = quote.multipliedReportingOverflow(by: UInt128(units))
    // Room for the digits behind the point, of the remainder and of the price.
    guard !overflow, total < UInt128.max / 10_000_000, lots < UInt128.max / 20 else { return nil }
    return withUnsafeTemporaryAllocation(byteCount: Scale.textCapacity, alignment: 1) { buffer in
      let used = writeAverage(total, dividedBy: lots, into: buffer)
      return String(decoding: buffer[..<used], as: UTF8.self)
    }
  }

  private func writeAverage(
    _ total: UInt128, dividedBy divisor: UInt128, into buffer: UnsafeMutableRawBufferPointer
  ) -> Int {
    var (value, remainder) = total.quotientAndRemainder(dividingBy: divisor)
    for _ in 0..<Scale.averageDigits {
      let (digit, rest) = (remainder * 10).quotientAndRemainder(dividingBy: divisor)
      value = value * 10 + digit
      remainder = rest
    }
    let twice = remainder * 2
    if twice > divisor || (twice == divisor && value % 2 == 1) { value += 1 }
    var extra = Scale.averageDigits
    while extra > 0, value % 10 == 0 {
      value /= 10
      extra -= 1
    }
    return Scale.write(value, digits: Int(digits) + extra, isNegative: false, into: buffer)
  }

  public func averageText(quote: Int64, filled: Int64) -> String {
    withUnsafeTemporaryAllocation(byteCount: Scale.textCapacity, alignment: 1) { buffer in
      let used = formatAverage(quote: quote, filled: filled, into: buffer)
      return String(decoding: buffer[..<used], as: UTF8.self)
    }
  }

  /// Digits come out backwards, so they are written at the buffer's end and moved to its start.
  @inline(__always)
  private static func write<Value: FixedWidthInteger & UnsignedInteger>(
    _ value: Value, digits: Int, isNegative: Bool, into buffer: UnsafeMutableRawBufferPointer
  ) -> Int {
    precondition(buffer.count >= textCapacity, "decimal buffer too small")
    var rest = value
    var written = 0
    var index = textCapacity
    while rest != 0 || written <= digits {
      if written == digits, digits > 0 {
        index -= 1
        buffer[index] = 0x2e
      }
      let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
      index -= 1
      buffer[index] = 0x30 &+ UInt8(truncatingIfNeeded: digit)
      rest = quotient
      written += 1
    }
    if isNegative {
      index -= 1
      buffer[index] = 0x2d
    }
    let used = textCapacity - index
    buffer.baseAddress!.copyMemory(from: buffer.baseAddress! + index, byteCount: used)
    return used
  }
}
