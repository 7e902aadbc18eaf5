import API
import Accounts
import SharedMemory

/// An account's further keys. They are made and ended with a token only: whoever got hold of a key
/// cannot make itself another one, nor learn the secret of one by sending a request again.
extension Handler {
  func createKey(_ inquiry: Inquiry, _ identity: Identity) throws(APIError) {
    try requireToken(inquiry)
    let permission = try KeyPermission.parse(inquiry.body)
    let request = inquiry.request
    try slowly(.database, request) { worker throws(APIError) in
      let key = try worker.accounts { store, connection throws(AccountError) in
        try store.issueKey(
          account: identity.account, mayTrade: permission == .trading, on: connection)
      }
      let handler = worker.handler
      handler.output.clear()
      handler.output.issuedKey(apiKey: key.key, apiSecret: key.secret, permission: permission)
      handler.succeed(201, request)
    }
  }

  func listKeys(_ inquiry: Inquiry, _ identity: Identity) throws(APIError) {
    try Queries.none(inquiry.query)
    let request = inquiry.request
    try slowly(.database, request) { worker throws(APIError) in
      let keys = try worker.accounts { store, connection throws(AccountError) in
        try store.keys(account: identity.account, on: connection)
      }
      let handler = worker.handler
      handler.output.clear()
      handler.output.keys(
        keys.map { ($0.key, $0.mayTrade ? .trading : .readOnly, $0.createdAt) })
      handler.succeed(200, request)
    }
  }

  func deleteKey(_ key: String, _ inquiry: Inquiry, _ identity: Identity) throws(APIError) {
    try requireToken(inquiry)
    try Queries.none(inquiry.query)
    let request = inquiry.request
    try slowly(.database, request) { worker throws(APIError) in
      try worker.accounts { store, connection throws(AccountError) in
        try store.revokeKey(
          key, account: identity.account, now: Clock.wallMicros(), on: connection)
      }
      // The other workers hear of it by NOTIFY; this one must not wait for that.
      worker.core.authenticator.cache.forget(announced: "key \(key)")
      worker.handler.succeedEmpty(204, request)
    }
  }

  private func requireToken(_ inquiry: Inquiry) throws(APIError) {
    guard inquiry.request.parameter("HTTP_X_API_KEY")?.isEmpty ?? true else {
      throw .tokenNeeded
    }
  }
}
