import CSodium

/// argon2id. One hash takes tens of milliseconds and `memory` bytes, on purpose: only the slow
/// pool may call it, and the size of that pool bounds the memory.
public struct Password: Sendable {
  public let operations: UInt64
  public let memory: Int

  public init(operations: UInt64, memory: Int) {
    self.operations = operations
    self.memory = memory
  }

  /// libsodium's setting for a login: 64 MiB, two passes.
  public static let interactive = Password(
    operations: UInt64(crypto_pwhash_OPSLIMIT_INTERACTIVE),
    memory: Int(crypto_pwhash_MEMLIMIT_INTERACTIVE))

  /// The text to store, which holds salt and cost. Fails only when there is no memory for it.
  public func hash(_ password: String) throws(AccountError) -> String {
    Sodium.start()
    var text = [CChar](repeating: 0, count: Int(crypto_pwhash_STRBYTES))
    let status = password.utf8CString.withUnsafeBufferPointer { bytes in
      crypto_pwhash_str(
        &text, bytes.baseAddress!, UInt64(bytes.count - 1), operations, memory)
    }
    guard status == 0 else { throw .outOfMemory }
    return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// Whether `stored` was made from `password`. Nobody's password (nil) takes as long as a wrong
  /// one, so that the time does not tell which names exist.
  public func verify(_ password: String, against stored: String?) throws(AccountError) -> Bool {
    guard let stored else {
      _ = try hash(password)
      return false
    }
    Sodium.start()
    return password.utf8CString.withUnsafeBufferPointer { bytes in
      crypto_pwhash_str_verify(stored, bytes.baseAddress!, UInt64(bytes.count - 1)) == 0
    }
  }
}
