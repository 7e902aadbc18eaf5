import CSodium

/// What a credential is found by, in the cache and in the database: never the credential itself.
public struct CredentialID: Hashable, Sendable {
  let digest: Bytes32

  /// A token's id is its hash, as it stands in `tokens.hash`.
  init(token: UnsafeRawBufferPointer) { digest = Bytes32(hashing: token) }

  /// A key's id in the cache; the domain word keeps it apart from every token's.
  init(key: UnsafeRawBufferPointer) { digest = Bytes32(hashing: key, key: CredentialID.keys) }

  init?(tokenHash: [UInt8]) {
    guard let digest = Bytes32(tokenHash) else { return nil }
    self.digest = digest
  }

  /// As NOTIFY announces a token.
  public var hex: String { Sodium.hex(digest.bytes) }

  private static let keys: Bytes32 = Array("outcry api keys".utf8).withUnsafeBytes {
    Bytes32(hashing: $0)
  }
}

/// A bearer token: 32 random bytes and a 16-byte mark only the holder of the master key can make,
/// written as 64 characters of base64url. The mark spares the database invented tokens.
public struct Token: Sendable {
  public static let length = 64
  static let randomBytes = 32
  static let markBytes = 16

  public let text: String
  let id: CredentialID

  public init(_ master: MasterKey) {
    var bytes = Sodium.random(Token.randomBytes)
    let mark = bytes.withUnsafeBytes { Bytes32(hashing: $0, key: master.tokenKey) }
    bytes += mark.bytes.prefix(Token.markBytes)
    let variant = Int32(sodium_base64_VARIANT_URLSAFE_NO_PADDING)
    let encoded = [CChar](unsafeUninitializedCapacity: Token.length + 1) { buffer, count in
      sodium_bin2base64(buffer.baseAddress!, Token.length + 1, bytes, bytes.count, variant)
      count = Token.length
    }
    text = String(decoding: encoded.map(UInt8.init(bitPattern:)), as: UTF8.self)
    var utf8 = text
    id = utf8.withUTF8 { CredentialID(token: UnsafeRawBufferPointer($0)) }
  }

  /// Whether the token was once issued here; it may have ended since.
  static func isGenuine(_ text: UnsafeRawBufferPointer, _ master: MasterKey) -> Bool {
    guard text.count == length else { return false }
    let variant = Int32(sodium_base64_VARIANT_URLSAFE_NO_PADDING)
    return withUnsafeTemporaryAllocation(byteCount: 48, alignment: 8) { bytes in
      var count = 0
      let status = sodium_base642bin(
        bytes.baseAddress!.assumingMemoryBound(to: UInt8.self), bytes.count,
        text.baseAddress!.assumingMemoryBound(to: CChar.self), text.count, nil, &count, nil,
        variant)
      guard status == 0, count == randomBytes + markBytes else { return false }
      let mark = Bytes32(
        hashing: UnsafeRawBufferPointer(rebasing: bytes[..<randomBytes]), key: master.tokenKey)
      return withUnsafeBytes(of: mark.words) { mark in
        sodium_memcmp(mark.baseAddress!, bytes.baseAddress! + randomBytes, markBytes) == 0
      }
    }
  }
}
