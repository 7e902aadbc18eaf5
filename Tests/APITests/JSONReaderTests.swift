import API
import Testing

@Suite("The JSON reader")
struct JSONReaderTests {
  /// Reads any text to its end, and says what was wrong with it.
  static func check(_ bytes: [UInt8]) -> JSONError.Kind? {
    bytes.withUnsafeBytes { bytes in
      var reader = JSONReader(bytes)
      do throws(JSONError) {
        let value = try reader.value()
        try reader.skip(value)
        try reader.finish()
        return nil
      } catch {
        #expect((0...bytes.count).contains(error.position))
        return error.kind
      }
    }
  }

  static func check(_ text: String) -> JSONError.Kind? { check(Array(text.utf8)) }

  @Test(
    "takes what RFC 8259 allows",
    arguments: [
      "{}", "[]", " \t\r\n{ } ", "null", "true", "false", "0", "-0", "1e400", "-1.5E-3", "\"\"",
      "[1,[2,{\"a\":[]}],\"x\"]", "{\"a\":1,\"b\":{\"c\":null}}", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
      "\"\\u00e9\\ud83d\\ude00\"", "\"\u{e9}\u{1F600}\u{7f}\u{2028}\"",
      "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",
    ])
  func takes(text: String) {
    #expect(JSONReaderTests.check(text) == nil)
  }

  static let refused: [(String, JSONError.Kind)] = [
    ("", .unexpectedEnd), (" ", .unexpectedEnd), ("{", .unexpectedEnd), ("[1", .unexpectedEnd),
    ("{\"a\"", .unexpectedEnd), ("{\"a\":", .unexpectedEnd), ("\"abc", .unexpectedEnd),
    ("\"\\", .unexpectedEnd), ("\"\\u00", .unexpectedEnd), ("tru", .unexpectedEnd),
    ("-", .unexpectedEnd), ("1.", .unexpectedEnd), ("1e", .unexpectedEnd),
    ("{a:1}", .unexpectedByte), ("{'a':1}", .unexpectedByte), ("[1,]", .unexpectedByte),
    ("{\"a\":1,}", .unexpectedByte), ("[,1]", .unexpectedByte), ("[1 2]", .unexpectedByte),
    ("{\"a\" 1}", .unexpectedByte), ("{\"a\":1 \"b\":2}", .unexpectedByte),
    ("{1:2}", .unexpectedByte), ("[1}", .unexpectedByte), ("{]", .unexpectedByte),
    ("NaN", .unexpectedByte), ("Infinity", .unexpectedByte), ("+1", .unexpectedByte),
    (".5", .unexpectedByte), ("True", .unexpectedByte), ("nulL", .unexpectedByte),
    ("\u{feff}{}", .unexpectedByte), ("{} {}", .trailing), ("{}x", .trailing), ("1 2", .trailing),
    ("// no\n1", .unexpectedByte), ("01", .badNumber), ("-01", .badNumber), ("1.e5", .badNumber),
    ("[-]", .badNumber), ("[1e+]", .badNumber), ("0x10", .trailing), ("1_0", .trailing),
    ("\"\\x41\"", .badEscape), ("\"\\u12g4\"", .badEscape), ("\"\\U0041\"", .badEscape),
    ("\"\\ud800\"", .loneSurrogate), ("\"\\udc00\"", .loneSurrogate),
    ("\"\\ud800\\u0041\"", .loneSurrogate), ("\"\\ud800x\"", .loneSurrogate),
    ("\"\\udc00\\ud800\"", .loneSurrogate), ("\"a\nb\"", .controlCharacter),
    ("\"\u{0}\"", .controlCharacter), ("\"\u{1f}\"", .controlCharacter),
    ("\"\t\"", .controlCharacter), ("\"\\n\n\"", .controlCharacter),
    ("[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", .tooDeep),
    (String(repeating: "{\"a\":", count: 100_000), .tooDeep),
  ]

  @Test("refuses everything else", arguments: refused)
  func refuses(text: String, kind: JSONError.Kind) {
    #expect(JSONReaderTests.check(text) == kind)
  }

  @Test(
    "refuses what is no UTF-8",
    arguments: [
      [0x80], [0xc0, 0x80], [0xc1, 0xbf], [0xc3], [0xc3, 0x28], [0xe0, 0x80, 0x80],
      [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xed, 0xbf, 0xbf], [0xf0, 0x80, 0x80, 0x80],
      [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xff], [0xfe],
    ] as [[UInt8]])
  func encoding(bytes: [UInt8]) {
    #expect(JSONReaderTests.check([0x22] + bytes + [0x22]) == .badUTF8)
    #expect(JSONReaderTests.check([0x22, 0x5c, 0x6e] + bytes + [0x22]) == .badUTF8)
  }

  @Test("escapes are resolved, and earlier strings stay what they were")
  func resolved() throws {
    let text = #"["a\u00e9\ud83d\ude00\n","plain","\"\\\/"]"#
    let found = try Fixtures.bytes(text) { bytes throws(APIError) in
      var reader = JSONReader(bytes)
      var found: [UnsafeRawBufferPointer] = []
      do throws(JSONError) {
        _ = try reader.value()
        while try reader.nextElement() {
          if case .string(let bytes) = try reader.value() { found.append(bytes) }
        }
        try reader.finish()
      } catch {
        throw APIError(error)
      }
      return found.map { String(decoding: $0, as: UTF8.self) }
    }
    #expect(found == ["a\u{e9}\u{1F600}\n", "plain", "\"\\/"])
  }

  @Test("random damage to an order never gets further than an error", arguments: [1, 2, 3, 4])
  func damaged(seed: UInt64) {
    var random = SeededGenerator(seed)
    let order = Array(
      Fixtures.limit(["clientOrderId": "\"a\\u0031\"", "colour": "[{\"x\":[1e5]}]"]).utf8)
    let interesting = Array("{}[]\",:\\u0019e+-.\u{0} \n".utf8) + [0xc3, 0xff, 0xed, 0xa0]
    for _ in 0..<5_000 {
      var bytes = order
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[place] = interesting.randomElement(using: &random)!
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(interesting.randomElement(using: &random)!, at: place)
        default: bytes.removeSubrange(place...)
        }
        if bytes.isEmpty { bytes = [0x7b] }
      }
      _ = JSONReaderTests.check(bytes)
      do throws(APIError) {
        _ = try Fixtures.order(bytes)
      } catch {
        #expect([400, 404, 422].contains(error.status))
      }
    }
  }
}
