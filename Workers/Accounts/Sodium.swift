import CSodium

/// libsodium, which must be initialised once before several threads use it.
enum Sodium {
  static let isReady = sodium_init() >= 0

  static func start() {
    precondition(isReady, "libsodium does not start")
  }

  static func random<Value: BitwiseCopyable>(into value: inout Value) {
    start()
    withUnsafeMutableBytes(of: &value) { randombytes_buf($0.baseAddress!, $0.count) }
  }

  static func random(_ count: Int) -> [UInt8] {
    start()
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      randombytes_buf(buffer.baseAddress!, count)
      filled = count
    }
  }

  static func hex(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// Reads exactly `target.count` bytes from twice as many hexadecimal digits in either case.
  static func readHex(
    _ text: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) -> Bool {
    guard text.count == target.count * 2, let source = text.baseAddress else { return false }
    var length = 0
    let status = sodium_hex2bin(
      target.baseAddress!.assumingMemoryBound(to: UInt8.self), target.count,
      source.assumingMemoryBound(to: CChar.self), text.count, nil, &length, nil)
    return status == 0 && length == target.count
  }
}

/// 32 bytes in place: a digest, or a key.
struct Bytes32: Hashable, Sendable {
  var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

  static func == (left: Bytes32, right: Bytes32) -> Bool {
    left.words.0 == right.words.0 && left.words.1 == right.words.1
      && left.words.2 == right.words.2 && left.words.3 == right.words.3
  }

  func hash(into hasher: inout Hasher) { hasher.combine(words.0) }

  var bytes: [UInt8] { withUnsafeBytes(of: words) { Array($0) } }

  /// BLAKE2b of `text`, under a key when one is given.
  init(hashing text: UnsafeRawBufferPointer, key: Bytes32? = nil) {
    let input = text.baseAddress?.assumingMemoryBound(to: UInt8.self)
    withUnsafeMutableBytes(of: &words) { output in
      let output = output.baseAddress!.assumingMemoryBound(to: UInt8.self)
      let status: Int32
      if let key {
        status = withUnsafeBytes(of: key.words) { key in
          crypto_generichash(output, 32, input, UInt64(text.count), key.baseAddress, 32)
        }
      } else {
        status = crypto_generichash(output, 32, input, UInt64(text.count), nil, 0)
      }
      precondition(status == 0, "BLAKE2b refused its lengths")
    }
  }

  init?(_ bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: bytes) }
  }

  init() {}
}
