/// What a request brought to say who it is from; the pointers are only used during the call.
public struct RequestCredentials {
  public typealias Bytes = UnsafeRawBufferPointer

  /// `HTTP_AUTHORIZATION`, `HTTP_X_API_KEY`, `HTTP_X_SIGNATURE`, `HTTP_X_TIMESTAMP`.
  public var authorization: Bytes?
  public var apiKey: Bytes?
  public var signature: Bytes?
  public var timestamp: Bytes?
  /// `HTTP_IDEMPOTENCY_KEY`: it decides what the request does, so it is signed too.
  public var idempotencyKey: Bytes?
  public var method: Bytes
  /// The path with its query, as the client sent it (`REQUEST_URI`).
  public var target: Bytes
  public var body: Bytes

  public init(
    authorization: Bytes?, apiKey: Bytes? = nil, signature: Bytes? = nil,
    timestamp: Bytes? = nil, idempotencyKey: Bytes? = nil, method: Bytes, target: Bytes,
    body: Bytes
  ) {
    self.authorization = authorization
    self.apiKey = apiKey
    self.signature = signature
    self.timestamp = timestamp
    self.idempotencyKey = idempotencyKey
    self.method = method
    self.target = target
    self.body = body
  }
}

/// A credential that proved genuine but is not in the cache: ask `AccountStore.find`.
public enum UnknownCredential: Hashable, Sendable {
  case token(CredentialID)
  case key(CredentialID, name: String)

  public var id: CredentialID {
    switch self {
    case .token(let id), .key(let id, _): id
    }
  }
}

/// Tells who a request is from, without the database for whoever was seen lately.
public final class Authenticator: Sendable {
  public enum Outcome: Equatable, Sendable {
    case known(Identity)
    /// Genuine, but the database has to say whose it is and whether it still holds.
    case unknown(UnknownCredential)
    case missing
    case refused
  }

  public let master: MasterKey
  public let cache: CredentialCache

  public init(master: MasterKey, cache: CredentialCache) {
    self.master = master
    self.cache = cache
  }

  /// `now` is in microseconds since 1970.
  public func check(_ request: RequestCredentials, now: Int64) -> Outcome {
    if let apiKey = request.apiKey, !apiKey.isEmpty {
      // Two credentials in one request could be of two accounts: neither is taken.
      guard request.authorization?.isEmpty ?? true else { return .refused }
      return checkSigned(request, key: apiKey, now: now)
    }
    guard let authorization = request.authorization, !authorization.isEmpty else {
      return .missing
    }
    guard let token = Authenticator.bearer(authorization) else { return .refused }
    return checkToken(token, now: now)
  }

  /// The id of the bearer token itself, for `POST /api/logout`.
  public static func tokenID(_ authorization: UnsafeRawBufferPointer) -> CredentialID? {
    bearer(authorization).map { CredentialID(token: $0) }
  }

  private func checkToken(_ token: UnsafeRawBufferPointer, now: Int64) -> Outcome {
    guard token.count == Token.length else { return .refused }
    let id = CredentialID(token: token)
    if let identity = cache.find(id, now: now) { return .known(identity) }
    guard Token.isGenuine(token, master) else { return .refused }
    return .unknown(.token(id))
  }

  /// The signature comes first: it needs nothing but the key's name and the master key.
  private func checkSigned(
    _ request: RequestCredentials, key: UnsafeRawBufferPointer, now: Int64
  ) -> Outcome {
    guard let signature = request.signature, let timestamp = request.timestamp,
      key.count == APIKey.length,
      let time = Authenticator.milliseconds(timestamp),
      abs(now / 1000 - time) <= Signature.windowMilliseconds,
      Signature.verify(
        signature, key: key, master,
        idempotencyKey: request.idempotencyKey,
        parts: (timestamp, request.method, request.target, request.body))
    else { return .refused }
    let id = CredentialID(key: key)
    if let identity = cache.find(id, now: now) { return .known(identity) }
    return .unknown(.key(id, name: String(decoding: key, as: UTF8.self)))
  }

  /// What follows `Bearer `, in any case, as RFC 7235 has it.
  private static func bearer(_ header: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    let scheme: StaticString = "bearer "
    let length = scheme.utf8CodeUnitCount
    guard header.count > length else { return nil }
    for index in 0..<length where header[index] | 0x20 != scheme.utf8Start[index] { return nil }
    return UnsafeRawBufferPointer(rebasing: header[length...])
  }

  private static func milliseconds(_ text: UnsafeRawBufferPointer) -> Int64? {
    guard (1...16).contains(text.count) else { return nil }
    var value: Int64 = 0
    for byte in text {
      guard byte &- 0x30 < 10 else { return nil }
      value = value * 10 + Int64(byte &- 0x30)
    }
    return value
  }
}
