import TestSupport
import Testing
import Wire

@Suite("Decimals")
struct DecimalTests {
  static let cent = Scale(digits: 2, units: 1)
  static let nickel = Scale(digits: 2, units: 5)
  static let whole = Scale(digits: 0, units: 1)
  static let lot = Scale(digits: 5, units: 1)

  static let exact: [(Scale, String, Int64)] = [
    (cent, "70000.00", 7_000_000), (cent, "70000", 7_000_000), (cent, "0.01", 1),
    (cent, "1e2", 10_000), (cent, "1E+2", 10_000), (cent, "100e-2", 100), (cent, "1.5e0", 150),
    (cent, "7.0000000000000000000000000000000000000000", 700),
    (cent, "0.0000000000000000000000000000000000000001e40", 100),
    (cent, "1000000000000000000000000000000000000000e-40", 10),
    (cent, "92233720368547758.07", Int64.max), (whole, "9223372036854775807", Int64.max),
    (nickel, "0.05", 1), (nickel, "70000.15", 1_400_003), (lot, "0.50000", 50_000),
    (lot, "1e-5", 1), (whole, "10e17", 1_000_000_000_000_000_000),
  ]

  @Test("an exact decimal becomes its units", arguments: exact)
  func parses(scale: Scale, text: String, units: Int64) throws {
    #expect(try scale.parse(text) == units)
  }

  static let refused: [(Scale, String, DecimalError)] =
    [
      "", "-", "+1", ".5", "5.", "01", "00", "1e", "1e+", "1.e2", "0x10", "NaN", "Infinity", "1 ",
      " 1", "1,5", "1..2", "1.2.3", "--1", "1e2.5", "1e2e2", "\u{0661}", "1_000", "-01",
    ].map { (cent, $0, .malformed) } + [
      (cent, "0", .zero), (cent, "-0", .zero), (cent, "0.00", .zero), (cent, "0e400", .zero),
      (cent, "-0.0e-400", .zero), (cent, "-1", .negative), (cent, "-0.001", .negative),
      (cent, "1e400", .overflow), (cent, "1e99999999999999999999999", .overflow),
      (cent, "-1e400", .negative), (cent, "92233720368547758.08", .overflow),
      (whole, "9223372036854775808", .overflow), (whole, "18446744073709551616", .overflow),
      (cent, "99999999999999999999999999999999999999.999", .overflow),
      (cent, "0.000001", .tooFine), (cent, "1e-400", .tooFine), (cent, "70000.005", .tooFine),
      (cent, "1.0000000000000000000000000000000000000001", .tooFine),
      (nickel, "0.01", .tooFine), (nickel, "70000.12", .tooFine),
    ]

  @Test("anything else says why not", arguments: refused)
  func refuses(scale: Scale, text: String, error: DecimalError) {
    #expect(throws: error) { try scale.parse(text) }
  }

  @Test("zero is taken where it means 'no limit'")
  func zero() throws {
    #expect(try DecimalTests.cent.parse("0.00", allowingZero: true) == 0)
  }

  @Test("a huge exponent or a long text costs no more than its bytes")
  func cheap() {
    let text = "1e" + String(repeating: "9", count: 1_000_000)
    let zeros = "0." + String(repeating: "0", count: 1_000_000) + "1e1000001"
    let start = threadProcessorSeconds()
    #expect(throws: DecimalError.overflow) { try DecimalTests.cent.parse(text) }
    #expect((try? DecimalTests.cent.parse(zeros)) == 100)
    #expect(threadProcessorSeconds() - start < 1)
  }

  @Test("a unit is read from its decimal")
  func unit() throws {
    #expect(try Scale(decimal: "0.01") == Scale(digits: 2, units: 1))
    #expect(try Scale(decimal: "0.05") == Scale(digits: 2, units: 5))
    #expect(try Scale(decimal: "10") == Scale(digits: 0, units: 10))
    #expect(throws: DecimalError.zero) { try Scale(decimal: "0.00") }
    #expect(throws: DecimalError.tooFine) { try Scale(decimal: "0.0000000000000000001") }
  }

  @Test("amounts are written with all digits of their scale")
  func format() {
    #expect(DecimalTests.cent.text(7_000_000) == "70000.00")
    #expect(DecimalTests.cent.text(1) == "0.01")
    #expect(DecimalTests.cent.text(0) == "0.00")
    #expect(DecimalTests.cent.text(-150) == "-1.50")
    #expect(DecimalTests.whole.text(0) == "0")
    #expect(DecimalTests.whole.text(Int64.min) == "-9223372036854775808")
    #expect(DecimalTests.nickel.text(1_400_003) == "70000.15")
    #expect(
      Scale(digits: 18, units: Int64.max).text(Int64.max)
        == "85070591730234615847.396907784232501249")
  }

  @Test("an average has the tick's digits when exact, else up to six more, half to even")
  func average() {
    let cent = DecimalTests.cent
    #expect(cent.averageText(quote: 6_999_950 * 20_000, filled: 20_000) == "69999.50")
    #expect(cent.averageText(quote: 201, filled: 2) == "1.005")
    #expect(cent.averageText(quote: 100, filled: 3) == "0.33333333")
    #expect(cent.averageText(quote: 200, filled: 3) == "0.66666667")
    #expect(cent.averageText(quote: 1, filled: 2_000_000) == "0.00")
    #expect(cent.averageText(quote: 3, filled: 2_000_000) == "0.00000002")
    #expect(cent.averageText(quote: 299_999_999, filled: 100_000_000) == "0.03")
    #expect(DecimalTests.nickel.averageText(quote: 1, filled: 2) == "0.025")
    #expect(cent.averageText(quote: Int64.max, filled: Int64.max) == "0.01")
  }

  @Test("sums beyond 64 bits are written exactly, and what is beyond 128 is not")
  func wide() {
    let cent = DecimalTests.cent
    #expect(cent.text(wide: -150) == "-1.50")
    #expect(cent.text(wide: Int128(Int64.max) * 100) == "9223372036854775807.00")
    #expect(DecimalTests.nickel.text(wide: .max) == nil)
    #expect(cent.averageText(quote: 200, lots: 3) == "0.66666667")
    #expect(cent.averageText(quote: UInt128(UInt64.max) * 7, lots: UInt128(UInt64.max)) == "0.07")
    #expect(cent.averageText(quote: .max, lots: 1) == nil)
  }

  @Test("a notional's unit is the product of both, while it can be written")
  func times() {
    let unit = DecimalTests.nickel.times(DecimalTests.lot)
    #expect(unit == Scale(digits: 7, units: 5))
    #expect(Scale(digits: 10, units: 1).times(Scale(digits: 9, units: 1)) == nil)
    #expect(Scale(digits: 0, units: Int64.max).times(Scale(digits: 0, units: 2)) == nil)
  }
}
