import Glibc

extension UnsafeRawBufferPointer {
  @inline(__always)
  func equals(_ text: StaticString) -> Bool {
    guard count == text.utf8CodeUnitCount else { return false }
    guard let baseAddress else { return true }
    return memcmp(baseAddress, text.utf8Start, count) == 0
  }

  /// What a client sent, to be shown to it again.
  var shown: String {
    APIError.shortened(String(decoding: prefix(256), as: UTF8.self))
  }
}
