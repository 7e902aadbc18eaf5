/// The bodies of `/api/register`, `/api/login` and `/api/keys`.
public struct NameAndPassword: Equatable, Sendable {
  public var name: String
  public var password: String

  /// A new account: 3 to 32 of `A-Z a-z 0-9 . _ -`, and a password of 8 to 128 characters.
  public static func register(
    _ body: UnsafeRawBufferPointer
  ) throws(APIError) -> NameAndPassword {
    let given = try parse(body)
    guard isName(given.name) else {
      throw .invalid("name", "must be 3 to 32 of A-Z a-z 0-9 . _ -")
    }
    guard (8...128).contains(given.password.unicodeScalars.count) else {
      throw .invalid("password", "must have 8 to 128 characters")
    }
    return given
  }

  /// What no account can have is not told from what is wrong.
  public static func login(_ body: UnsafeRawBufferPointer) throws(APIError) -> NameAndPassword {
    let given = try parse(body)
    guard isName(given.name), given.password.unicodeScalars.count <= 128 else {
      throw .badLogin
    }
    return given
  }

  private static func parse(
    _ body: UnsafeRawBufferPointer
  ) throws(APIError) -> NameAndPassword {
    let fields = try ObjectFields(body, allowed: ["name", "password"])
    return NameAndPassword(
      name: try fields.string("name"), password: try fields.string("password"))
  }

  static func isName(_ name: String) -> Bool {
    (3...32).contains(name.utf8.count)
      && name.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
        default: false
        }
      }
  }
}

/// What a key may be used for.
public enum KeyPermission: String, Sendable, CaseIterable {
  case readOnly = "read_only"
  case trading

  /// `POST /api/keys`: `{"permission"}`.
  public static func parse(_ body: UnsafeRawBufferPointer) throws(APIError) -> KeyPermission {
    let fields = try ObjectFields(body, allowed: ["permission"])
    guard let permission = KeyPermission(rawValue: try fields.string("permission")) else {
      throw .invalid("permission", "must be one of read_only, trading")
    }
    return permission
  }
}
