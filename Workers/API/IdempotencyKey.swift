import Wire

/// The header by which a client names a call that changes something, so that it can ask again.
public enum IdempotencyKey {
  public static let header = "Idempotency-Key"

  /// The same characters as in a `clientOrderId`.
  public static func check(_ text: UnsafeRawBufferPointer) throws(APIError) {
    guard OrderRules.isClientOrderId(text) else {
      throw .invalid(header, "must be 1 to 36 of A-Z a-z 0-9 . _ : / -")
    }
  }
}

extension APIError {
  /// What a refusal means to whoever sent this command.
  public init(_ refusal: Refusal, of command: borrowing Command) {
    if refusal == .malformed, command.kind == CommandKind.configure.rawValue {
      self.init(400, "invalid_value", "the limits do not fit others that were set meanwhile")
      return
    }
    self.init(refusal)
    let isNamedInBody = OrderFlags(rawValue: command.flags).contains(.clientKey)
    guard refusal == .keyReused, !isNamedInBody else { return }
    self.init(
      409, "idempotency_key_reused", "Idempotency-Key belongs to a different call",
      field: IdempotencyKey.header)
  }
}
