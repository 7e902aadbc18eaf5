import CSodium

/// A key's id and secret. The secret is derived from the id and the master key, so it is stored
/// nowhere and needs no look-up.
public struct APIKey: Sendable {
  public static let length = 32

  /// 32 hexadecimal digits.
  public let key: String
  /// 64 hexadecimal digits; their characters are the HMAC key.
  public let secret: String

  public init(_ master: MasterKey) {
    key = Sodium.hex(Sodium.random(APIKey.length / 2))
    var id = key
    secret = id.withUTF8 { id in
      APIKey.withSecret(of: UnsafeRawBufferPointer(id), master) {
        String(decoding: $0, as: UTF8.self)
      }
    }
  }

  static func withSecret<Result>(
    of key: UnsafeRawBufferPointer, _ master: MasterKey,
    _ body: (UnsafeRawBufferPointer) -> Result
  ) -> Result {
    let secret = Bytes32(hashing: key, key: master.secretKey)
    return withUnsafeTemporaryAllocation(byteCount: 65, alignment: 8) { text in
      withUnsafeBytes(of: secret.words) { secret in
        _ = sodium_bin2hex(
          text.baseAddress!.assumingMemoryBound(to: CChar.self), 65,
          secret.baseAddress!.assumingMemoryBound(to: UInt8.self), secret.count)
      }
      return body(UnsafeRawBufferPointer(rebasing: text[..<64]))
    }
  }
}

/// hex HMAC-SHA256(secret, timestamp + method + path-with-query + body), and in front of that the
/// Idempotency-Key and a line feed when there is one. No time stamp has a line feed in it: so what
/// was signed for a call with a key is no signature for one without, or with another.
public enum Signature {
  /// How far a request's time stamp may be from now.
  public static let windowMilliseconds: Int64 = 5000

  /// Whether the holder of the key's secret signed these parts.
  static func verify(
    _ signature: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer, _ master: MasterKey,
    idempotencyKey: UnsafeRawBufferPointer?,
    parts: (
      timestamp: UnsafeRawBufferPointer, method: UnsafeRawBufferPointer,
      target: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer
    )
  ) -> Bool {
    withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { given in
      guard Sodium.readHex(signature, into: given) else { return false }
      return withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { expected in
        let output = expected.baseAddress!.assumingMemoryBound(to: UInt8.self)
        APIKey.withSecret(of: key, master) { secret in
          var state = crypto_auth_hmacsha256_state()
          crypto_auth_hmacsha256_init(&state, start(secret)!, secret.count)
          if let idempotencyKey {
            update(&state, idempotencyKey)
            var lineFeed = UInt8(ascii: "\n")
            crypto_auth_hmacsha256_update(&state, &lineFeed, 1)
          }
          update(&state, parts.timestamp)
          update(&state, parts.method)
          update(&state, parts.target)
          update(&state, parts.body)
          crypto_auth_hmacsha256_final(&state, output)
        }
        return sodium_memcmp(expected.baseAddress!, given.baseAddress!, 32) == 0
      }
    }
  }

  /// What a client puts into `X-Signature`; used by our own clients and tests.
  public static func make(
    secret: String, timestamp: String, method: String, target: String, body: [UInt8],
    idempotencyKey: String? = nil
  ) -> String {
    Sodium.start()
    var state = crypto_auth_hmacsha256_state()
    let secret = Array(secret.utf8)
    crypto_auth_hmacsha256_init(&state, secret, secret.count)
    let name = idempotencyKey.map { $0 + "\n" } ?? ""
    let text = Array((name + timestamp + method + target).utf8) + body
    crypto_auth_hmacsha256_update(&state, text, UInt64(text.count))
    var output = [UInt8](repeating: 0, count: 32)
    crypto_auth_hmacsha256_final(&state, &output)
    return Sodium.hex(output)
  }

  private static func update(
    _ state: inout crypto_auth_hmacsha256_state, _ part: UnsafeRawBufferPointer
  ) {
    guard let bytes = start(part) else { return }
    crypto_auth_hmacsha256_update(&state, bytes, UInt64(part.count))
  }

  private static func start(_ bytes: UnsafeRawBufferPointer) -> UnsafePointer<UInt8>? {
    bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
  }
}
