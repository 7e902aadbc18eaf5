import Wire

/// Arithmetic on digit strings, as slow and as plain as possible, to judge the fast one by.
struct BigDecimal {
  /// The decimal's digits without leading zeros, and how many of them stand behind the point.
  var digits: [UInt8] = []
  var fraction = 0
  var isNegative = false

  init(_ text: String) {
    var exponent = 0
    var seenPoint = false
    let halves = text.lowercased().split(separator: "e")
    if halves.count == 2 { exponent = Int(halves[1])! }
    for character in halves[0] {
      if character == "-" {
        isNegative = true
      } else if character == "." {
        seenPoint = true
      } else {
        digits.append(UInt8(character.wholeNumberValue!))
        if seenPoint { fraction += 1 }
      }
    }
    fraction -= exponent
  }

  /// The decimal in units of 10^-digits when it is whole there.
  func scaled(_ places: Int) -> UInt128? {
    var digits = digits
    var behind = fraction - places
    while behind > 0 {
      guard (digits.popLast() ?? 0) == 0 else { return nil }
      behind -= 1
    }
    while behind < 0 {
      digits.append(0)
      behind += 1
    }
    let significant = digits.drop { $0 == 0 }
    guard significant.count <= 38 else { return UInt128.max }
    return significant.reduce(0) { $0 * 10 + UInt128($1) }
  }

  func expected(_ scale: Scale) -> Result<Int64, DecimalError> {
    if digits.allSatisfy({ $0 == 0 }) { return .failure(.zero) }
    if isNegative { return .failure(.negative) }
    // Which comes first when both apply depends on the whole part alone.
    let whole = digits.drop { $0 == 0 }.count - fraction + Int(scale.digits)
    if whole > 19 { return .failure(.overflow) }
    guard let value = scaled(Int(scale.digits)) else { return .failure(.tooFine) }
    if value > UInt128(Int64.max) { return .failure(.overflow) }
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: UInt128(scale.units))
    return remainder == 0 ? .success(Int64(quotient)) : .failure(.tooFine)
  }
}
