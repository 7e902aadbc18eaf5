import CSodium
import Glibc

/// The one secret that is kept outside the database. API secrets and the check of tokens are
/// derived from it, so a copy of the database lets nobody in.
public struct MasterKey: Sendable {
  /// Signs tokens, so that an invented one is refused without asking the database.
  let tokenKey: Bytes32
  /// Turns a key's id into its secret.
  let secretKey: Bytes32

  public init(bytes: [UInt8]) {
    precondition(bytes.count == 32, "a master key has 32 bytes")
    Sodium.start()
    tokenKey = MasterKey.derive(1, from: bytes)
    secretKey = MasterKey.derive(2, from: bytes)
  }

  private static func derive(_ number: UInt64, from master: [UInt8]) -> Bytes32 {
    var key = Bytes32()
    withUnsafeMutableBytes(of: &key.words) { output in
      _ = crypto_kdf_derive_from_key(
        output.baseAddress!.assumingMemoryBound(to: UInt8.self), 32, number, "outcry01", master)
    }
    return key
  }

  /// Reads the key, or makes one first. Several processes may do this at once: all get the same.
  public static func loadOrCreate(_ path: String) throws(MasterKeyError) -> MasterKey {
    if let key = try load(path) { return key }
    try create(path)
    guard let key = try load(path) else {
      throw MasterKeyError(path: path, call: "open", code: ENOENT)
    }
    return key
  }

  /// Nil when there is no such file.
  public static func load(_ path: String) throws(MasterKeyError) -> MasterKey? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else {
      let code = errno
      if code == ENOENT { return nil }
      throw MasterKeyError(path: path, call: "open", code: code)
    }
    defer { close(file) }
    var text = [UInt8](repeating: 0, count: 80)
    let count = read(file, &text, text.count)
    guard count >= 0 else { throw MasterKeyError(path: path, call: "read", code: errno) }
    var bytes = [UInt8](repeating: 0, count: 32)
    let digits = text[..<count].filter { $0 != 0x0a && $0 != 0x0d }
    let isKey = digits.withUnsafeBytes { digits in
      bytes.withUnsafeMutableBytes { Sodium.readHex(digits, into: $0) }
    }
    guard isKey else { throw MasterKeyError(path: path, call: "read", code: 0) }
    return MasterKey(bytes: bytes)
  }

  /// Writes a complete file under another name and links it to its own: whoever comes first has
  /// made the key, and nobody ever reads half of one.
  private static func create(_ path: String) throws(MasterKeyError) {
    let draft = "\(path).\(Sodium.hex(Sodium.random(8)))"
    let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw MasterKeyError(path: path, call: "open", code: errno) }
    defer { unlink(draft) }
    let text = Array((Sodium.hex(Sodium.random(32)) + "\n").utf8)
    let written = write(file, text, text.count)
    let writeCode = errno
    let synced = fsync(file)
    let syncCode = errno
    close(file)
    guard written == text.count else {
      throw MasterKeyError(path: path, call: "write", code: written < 0 ? writeCode : ENOSPC)
    }
    guard synced == 0 else { throw MasterKeyError(path: path, call: "fsync", code: syncCode) }
    guard link(draft, path) == 0 || errno == EEXIST else {
      throw MasterKeyError(path: path, call: "link", code: errno)
    }
  }
}
