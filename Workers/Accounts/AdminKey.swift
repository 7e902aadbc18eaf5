import CSodium
import Glibc

/// The key of the admin calls, as it stands in its file. Only its digest is kept.
public struct AdminKey: Sendable {
  private static let longest = 4096
  private let digest: Bytes32

  public init(_ text: UnsafeRawBufferPointer) {
    Sodium.start()
    digest = Bytes32(hashing: text)
  }

  /// Nil when there is no such file, or nothing in it: then nobody is an administrator.
  public static func load(_ path: String) throws(MasterKeyError) -> AdminKey? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else {
      let code = errno
      if code == ENOENT { return nil }
      throw MasterKeyError(path: path, call: "open", code: code)
    }
    defer { close(file) }
    var text = [UInt8](repeating: 0, count: longest)
    let count = read(file, &text, text.count)
    guard count >= 0 else { throw MasterKeyError(path: path, call: "read", code: errno) }
    // Editors end a file with a line break, which no header can hold.
    let key = text[..<count].prefix { $0 > 0x20 && $0 < 0x7f }
    return key.isEmpty ? nil : key.withUnsafeBytes { AdminKey($0) }
  }

  /// Takes as long whatever was given: digests are compared, and those in constant time.
  public func matches(_ given: UnsafeRawBufferPointer) -> Bool {
    let other = Bytes32(hashing: given)
    return withUnsafeBytes(of: digest.words) { own in
      withUnsafeBytes(of: other.words) { other in
        sodium_memcmp(own.baseAddress!, other.baseAddress!, own.count) == 0
      }
    }
  }
}
