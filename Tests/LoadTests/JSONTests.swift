import Load
import Testing

@Suite("The JSON of results")
struct JSONTests {
  @Test(
    "is read as it was written",
    arguments: [
      "null", "[]", "{}", "[true, false]", "-12.5e3", "\"a\\\"b\\\\\"",
      "{\"a\": [1, {\"b\": null}]}",
    ])
  func roundTrip(text: String) throws {
    let value = try JSON(parsing: text)
    #expect(try JSON(parsing: value.written) == value)
  }

  @Test("keeps whole numbers of 64 bits")
  func largeNumbers() throws {
    let value: JSON = ["n": .int(UInt64.max)]
    #expect(value.written.contains("18446744073709551615"))
    #expect(try JSON(parsing: value.written) == value)
  }

  @Test("reads escapes")
  func escapes() throws {
    #expect(try JSON(parsing: #""a\n\u00e9\/""#).text == "a\né/")
  }

  @Test(
    "refuses what is no JSON",
    arguments: ["", "{", "[1,]", "{\"a\"}", "tru", "1 2", "\"open", "01x", "{a:1}", "\"\\u12\""])
  func malformed(text: String) {
    #expect(throws: JSONFailure.self) { try JSON(parsing: text) }
  }

  @Test("refuses what is nested without end")
  func depth() {
    let text = String(repeating: "[", count: 100_000)
    #expect(throws: JSONFailure.self) { try JSON(parsing: text) }
  }

  @Test("writes numbers with the digits asked for")
  func digits() {
    #expect(1.0005.fixed(3) == "1.001")
    #expect((-0.25).fixed(1) == "-0.3")
    #expect((-0.0001).fixed(2) == "0.00")
    #expect(12.0.fixed(0) == "12")
    #expect(0.05.fixed(2) == "0.05")
  }
}
