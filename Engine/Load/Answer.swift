import CShared

/// The head of an HTTP/1.1 answer, as far as a client has to understand it. Everything else is
/// passed over: what is spent here is taken from the machine that is measured.
struct Answer {
  enum Reading {
    case whole(Answer)
    /// More bytes are needed.
    case part
    /// Not HTTP, or without a length.
    case broken
  }

  var status: Int
  /// Where the body begins in the bytes read.
  var bodyStart: Int
  var bodyLength: Int
  var closes: Bool

  static func read(_ bytes: UnsafeRawBufferPointer) -> Reading {
    guard let bodyStart = headEnd(bytes) else { return bytes.count > 65_536 ? .broken : .part }
    guard bytes.count >= 12, bytes.starts(with: "HTTP/1.".utf8),
      let status = number(bytes, 9, upTo: 12)
    else { return .broken }
    var answer = Answer(status: status, bodyStart: bodyStart, bodyLength: 0, closes: false)
    var hasLength = status == 204 || status == 304
    var line = 0
    while let next = nextLine(bytes, after: line, before: bodyStart) {
      line = next
      // Only two names matter, and both begin with this letter.
      guard bytes[line] | 0x20 == 0x63 else { continue }
      if isName("content-length:", bytes, line) {
        guard let length = number(bytes, line + 15, upTo: bodyStart) else { return .broken }
        answer.bodyLength = length
        hasLength = true
      } else if isName("connection: close", bytes, line) {
        answer.closes = true
      }
    }
    guard hasLength else { return .broken }
    return bytes.count >= bodyStart + answer.bodyLength ? .whole(answer) : .part
  }

  private static func headEnd(_ bytes: UnsafeRawBufferPointer) -> Int? {
    var index = 3
    while index < bytes.count {
      // Steps of up to four: only "\r" and "\n" can be part of the end.
      let byte = bytes[index]
      if byte == 0x0a, bytes[index - 1] == 0x0d, bytes[index - 2] == 0x0a, bytes[index - 3] == 0x0d
      {
        return index + 1
      }
      index += byte == 0x0d || byte == 0x0a ? 1 : 4
    }
    return nil
  }

  private static func nextLine(
    _ bytes: UnsafeRawBufferPointer, after start: Int, before end: Int
  ) -> Int? {
    var index = start
    while index < end - 2 {
      if bytes[index] == 0x0a { return index + 1 }
      index += 1
    }
    return nil
  }

  private static func isName(
    _ name: StaticString, _ bytes: UnsafeRawBufferPointer, _ start: Int
  ) -> Bool {
    guard start + name.utf8CodeUnitCount <= bytes.count else { return false }
    for index in 0..<name.utf8CodeUnitCount {
      let byte = bytes[start + index]
      let lower = byte &- 0x41 < 26 ? byte | 0x20 : byte
      if lower != name.utf8Start[index] { return false }
    }
    return true
  }

  private static func number(_ bytes: UnsafeRawBufferPointer, _ start: Int, upTo end: Int) -> Int? {
    var index = start
    while index < end, bytes[index] == 0x20 { index += 1 }
    var value = 0
    var digits = 0
    while index < end, digits < 12, bytes[index] &- 0x30 < 10 {
      value = 10 * value + Int(bytes[index] &- 0x30)
      index += 1
      digits += 1
    }
    return digits > 0 ? value : nil
  }
}

/// Finds the few words that matter in the body of an answer.
enum BodyScan {
  /// The place behind the next occurrence of a text, or nil.
  static func find(
    _ text: StaticString, in bytes: UnsafeRawBufferPointer, from start: Int = 0
  ) -> Int? {
    let length = text.utf8CodeUnitCount
    guard let base = bytes.baseAddress, bytes.count - start >= length else { return nil }
    return outcry_find(base + start, bytes.count - start, text.utf8Start, length).map {
      $0 - base + length
    }
  }

  /// The integer that stands at a place.
  static func integer(in bytes: UnsafeRawBufferPointer, at start: Int) -> UInt64? {
    var index = start
    var value: UInt64 = 0
    while index < bytes.count, index - start < 19, bytes[index] &- 0x30 < 10 {
      value = 10 * value + UInt64(bytes[index] &- 0x30)
      index += 1
    }
    return index > start ? value : nil
  }

  /// The word in `"code":"…"`; empty when there is none.
  static func errorCode(
    in bytes: UnsafeRawBufferPointer, from start: Int = 0
  ) -> UnsafeRawBufferPointer {
    guard let word = find("\"code\":\"", in: bytes, from: start) else {
      return UnsafeRawBufferPointer(start: nil, count: 0)
    }
    var end = word
    while end < bytes.count, bytes[end] != 0x22 { end += 1 }
    return UnsafeRawBufferPointer(rebasing: bytes[word..<end])
  }
}
