import Postgres

public enum AccountError: Error, Sendable {
  case nameTaken
  /// No such name, or not its password: nobody learns which.
  case badLogin
  case unknownKey
  case tooManyKeys
  /// No memory for a password hash right now.
  case outOfMemory
  case database(PostgresError)
}

/// The master key's file cannot be read, written or understood.
public struct MasterKeyError: Error, Sendable, CustomStringConvertible {
  public let path: String
  public let call: String
  /// 0 when the file was read but holds no key.
  public let code: Int32

  public var description: String {
    code == 0
      ? "\(path) does not hold a key: 64 hexadecimal digits are expected"
      : "\(call) \(path): errno \(code)"
  }
}
