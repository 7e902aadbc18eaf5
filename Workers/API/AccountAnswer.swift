extension JSONOutput {
  public mutating func registered(
    account: UInt64, name: String, token: String, apiKey: String, apiSecret: String
  ) {
    beginObject()
    key("account")
    value(account)
    key("name")
    value(name)
    key("token")
    value(token)
    key("apiKey")
    value(apiKey)
    key("apiSecret")
    value(apiSecret)
    endObject()
  }

  public mutating func loggedIn(account: UInt64, token: String, expiresAt: Int64) {
    beginObject()
    key("account")
    value(account)
    key("token")
    value(token)
    key("expiresAt")
    value(expiresAt)
    endObject()
  }

  /// A further key, with the secret that is shown this once.
  public mutating func issuedKey(
    apiKey: String, apiSecret: String, permission: KeyPermission
  ) {
    beginObject()
    key("apiKey")
    value(apiKey)
    key("apiSecret")
    value(apiSecret)
    key("permission")
    value(permission.rawValue)
    endObject()
  }

  /// `{"keys":[{"apiKey","permission","createdAt"}]}`.
  public mutating func keys(
    _ keys: [(apiKey: String, permission: KeyPermission, createdAt: Int64)]
  ) {
    beginObject()
    key("keys")
    beginArray()
    for row in keys {
      beginObject()
      key("apiKey")
      value(row.apiKey)
      key("permission")
      value(row.permission.rawValue)
      key("createdAt")
      value(row.createdAt)
      endObject()
    }
    endArray()
    endObject()
  }

  /// `{"status":"ok","pid",…}`: the process that answers serves.
  public mutating func health(instance: String, pid: Int32, startedAt: Int64) {
    beginObject()
    key("status")
    value("ok")
    key("instance")
    value(instance)
    key("pid")
    value(pid)
    key("startedAt")
    value(startedAt)
    endObject()
  }

  /// What `/ready` answers, with the status: 200 when every part answers, else 503 and an error
  /// that names those which do not.
  public mutating func ready(_ parts: [(name: String, answers: Bool)]) -> Int {
    let away = parts.filter { !$0.answers }.map(\.name).joined(separator: ", ")
    beginObject()
    key("status")
    value(away.isEmpty ? "ready" : "not_ready")
    key("checks")
    beginArray()
    for part in parts {
      beginObject()
      key("name")
      value(part.name)
      key("ok")
      value(part.answers)
      endObject()
    }
    endArray()
    if !away.isEmpty {
      errorMember(APIError(503, "not_ready", "no answer from: \(away)"))
    }
    endObject()
    return away.isEmpty ? 200 : 503
  }
}
