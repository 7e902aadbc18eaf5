import Glibc

/// Finds the few things that are read from texts whose shape is known.
enum Scan {
  static func find(_ text: StaticString, in bytes: ArraySlice<UInt8>) -> Int? {
    let length = text.utf8CodeUnitCount
    let first = text.utf8Start[0]
    return bytes.withUnsafeBufferPointer { buffer -> Int? in
      guard let base = buffer.baseAddress else { return nil }
      var start = 0
      while start + length <= buffer.count,
        let hit = memchr(base + start, Int32(first), buffer.count - length + 1 - start)
      {
        let index = UnsafeRawPointer(hit) - UnsafeRawPointer(base)
        if memcmp(hit, text.utf8Start, length) == 0 { return index }
        start = index + 1
      }
      return nil
    }.map { bytes.startIndex + $0 }
  }

  static func number(after text: StaticString, in bytes: ArraySlice<UInt8>) -> Int? {
    guard let start = find(text, in: bytes) else { return nil }
    var value: Int?
    for byte in bytes[(start + text.utf8CodeUnitCount)...] {
      guard byte &- 0x30 < 10 else { break }
      value = (value ?? 0) &* 10 &+ Int(byte &- 0x30)
    }
    return value
  }
}

/// The few things read from an answer of nginx.
enum NginxAnswer {
  /// The answer at the front and where it ends; nil while it is not whole.
  static func parse(_ bytes: ArraySlice<UInt8>) -> (NginxConnection.Answer, end: Int)? {
    guard let head = Scan.find("\r\n\r\n", in: bytes) else { return nil }
    let headers = bytes[..<head]
    let bodyStart = head + 4
    let length = Scan.number(after: "\r\nContent-Length: ", in: headers) ?? 0
    guard bodyStart + length <= bytes.endIndex else { return nil }
    let body = bytes[bodyStart..<bodyStart + length]
    let status = Scan.number(after: "HTTP/1.1 ", in: headers) ?? 0
    let subscribers = Scan.number(after: "\"subscribers\": ", in: body) ?? 0
    return (NginxConnection.Answer(status: status, subscribers: subscribers), bodyStart + length)
  }
}
