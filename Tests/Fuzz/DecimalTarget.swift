import Wire

/// The decimal reader against arithmetic on digit strings, in several scales; and every count of
/// units is written as what reads as the same count.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = UnsafeRawBufferPointer(start: data, count: count)
  for scale in scales {
    let found = parse(bytes, scale)
    if case .success(let units) = found {
      precondition(units > 0, "nothing, or less")
      precondition(parse(scale.text(units), scale) == .success(units), "written as another number")
    }
    guard found != .failure(.malformed) else { continue }
    // The plain arithmetic writes all zeros down.
    let text = String(decoding: bytes, as: UTF8.self)
    guard hasSmallExponent(text) else { continue }
    precondition(found == BigDecimal(text).expected(scale), "\(text) is \(found)")
  }
  if count >= 8 {
    let units = bytes.loadUnaligned(as: Int64.self) & .max
    for scale in scales where units > 0 {
      guard case .success(let again) = parse(scale.text(units), scale) else { continue }
      precondition(again == units, "written as another number")
    }
  }
  return 0
}

private let scales = [
  Scale(digits: 0, units: 1), Scale(digits: 2, units: 1), Scale(digits: 2, units: 5),
  Scale(digits: 8, units: 1), Scale(digits: 18, units: 1), Scale(digits: 3, units: 250),
]

private func parse(
  _ bytes: UnsafeRawBufferPointer, _ scale: Scale
) -> Result<Int64, DecimalError> {
  Result { () throws(DecimalError) in try scale.parse(bytes) }
}

private func parse(_ text: String, _ scale: Scale) -> Result<Int64, DecimalError> {
  Result { () throws(DecimalError) in try scale.parse(text) }
}

private func hasSmallExponent(_ text: String) -> Bool {
  guard let mark = text.lastIndex(where: { $0 == "e" || $0 == "E" }) else { return true }
  guard let exponent = Int(text[text.index(after: mark)...]) else { return false }
  return exponent.magnitude <= 100
}
