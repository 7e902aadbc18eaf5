import Testing
import Wire

struct Generator: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
    return word ^ word >> 31
  }
}

@Suite("Decimals against plain arithmetic")
struct DecimalFuzzTests {
  private func decimal(_ random: inout Generator) -> String {
    let zeros = [0, 0, 0, 1, 20, 45]
    func digits(_ most: Int) -> String {
      (0..<Int.random(in: 0...most, using: &random)).map { _ in
        String(Int.random(in: 0...9, using: &random))
      }.joined()
    }
    func run() -> String {
      String(repeating: "0", count: zeros.randomElement(using: &random)!)
    }
    var text = digits(22).drop { $0 == "0" } + ""
    if !text.isEmpty { text += run() }
    if text.isEmpty { text = "0" }
    if Bool.random(using: &random) {
      text += "." + run() + digits(12) + run()
      if text.hasSuffix(".") { text += "0" }
    }
    if Int.random(in: 0..<3, using: &random) == 0 {
      text += "e\(Int.random(in: -50...50, using: &random))"
    }
    return (Int.random(in: 0..<10, using: &random) == 0 ? "-" : "") + text
  }

  private func scale(_ random: inout Generator) -> Scale {
    let units: [Int64] = [1, 1, 1, 5, 25, 3, 1_000_000_007, Int64.max]
    return Scale(
      digits: UInt8.random(in: 0...18, using: &random),
      units: units.randomElement(using: &random)!)
  }

  @Test("parsing agrees on 50,000 random decimals", arguments: [11, 12, 13] as [UInt64])
  func parsing(seed: UInt64) {
    var random = Generator(seed)
    var taken = 0
    for _ in 0..<50_000 {
      let text = decimal(&random)
      let scale = scale(&random)
      let expected = BigDecimal(text).expected(scale)
      let found = Result { () throws(DecimalError) in try scale.parse(text) }
      if found != expected { Issue.record("\(text) in \(scale): \(found), not \(expected)") }
      if case .success = found { taken += 1 }
    }
    #expect(taken > 1_000, "the generator has to make valid ones too")
  }

  @Test("what is written is read back as the same", arguments: [21, 22] as [UInt64])
  func roundTrip(seed: UInt64) throws {
    var random = Generator(seed)
    for _ in 0..<20_000 {
      let scale = Scale(
        digits: UInt8.random(in: 0...18, using: &random),
        units: [1, 5, 250].randomElement(using: &random)!)
      let count = Int64.random(in: 1...(Int64.max / 250), using: &random) >> 7 + 1
      let text = scale.text(count)
      #expect(try scale.parse(text) == count)
      #expect(text.split(separator: ".").dropFirst().first?.count ?? 0 == Int(scale.digits))
    }
  }

  @Test("averages agree with long division", arguments: [31, 32] as [UInt64])
  func averages(seed: UInt64) {
    var random = Generator(seed)
    for _ in 0..<20_000 {
      let tick = Scale(
        digits: UInt8.random(in: 0...8, using: &random),
        units: [1, 1, 5, 25].randomElement(using: &random)!)
      let shift = Int.random(in: 0...55, using: &random)
      let filled = Int64.random(in: 1...Int64.max, using: &random) >> shift + 1
      let quote = Int64.random(in: 0...Int64.max / 2, using: &random)
      #expect(tick.averageText(quote: quote, filled: filled) == average(tick, quote, filled))
    }
  }

  /// One digit at a time, then rounded by comparing what is left with a half.
  private func average(_ tick: Scale, _ quote: Int64, _ filled: Int64) -> String {
    let divisor = UInt128(filled)
    var rest = UInt128(quote) * UInt128(tick.units)
    var value = rest / divisor
    rest %= divisor
    for _ in 0..<6 {
      value = value * 10 + rest * 10 / divisor
      rest = rest * 10 % divisor
    }
    if rest * 2 > divisor || rest * 2 == divisor && value % 2 == 1 { value += 1 }
    var text = String(value)
    let places = Int(tick.digits) + 6
    while text.count <= places { text = "0" + text }
    text.insert(".", at: text.index(text.endIndex, offsetBy: -places))
    for _ in 0..<6 where text.hasSuffix("0") { text.removeLast() }
    return text.hasSuffix(".") ? String(text.dropLast()) : text
  }
}
