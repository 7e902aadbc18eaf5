import API
import Accounts
import FastCGI
import SharedMemory

/// Streams come from nginx. A worker only says who may hear what: its answer names nginx's
/// channels and the place inside nginx that joins them to the connection.
extension Handler {
  func stream(_ transport: Route.Transport, _ inquiry: Inquiry) throws(APIError) {
    try require(transport, inquiry)
    let query = try StreamsQuery(inquiry.query, ofAccount: false)
    try requireSymbols(query)
    StreamReply.send(transport, channels: query.channels, account: nil, to: inquiry.request)
    finish(200, inquiry.request)
  }

  /// A browser cannot set headers on a WebSocket, so the token may stand in the query.
  func accountStream(_ transport: Route.Transport, _ inquiry: Inquiry) throws(APIError) {
    try require(transport, inquiry)
    let query = try StreamsQuery(inquiry.query, ofAccount: true)
    try requireSymbols(query)
    let now = Clock.wallMicros()
    let outcome: Authenticator.Outcome
    if let token = query.token {
      guard inquiry.request.parameter("HTTP_AUTHORIZATION")?.isEmpty ?? true,
        inquiry.request.parameter("HTTP_X_API_KEY")?.isEmpty ?? true
      else { throw .unauthorized }
      outcome = Array("Bearer \(token)".utf8).withUnsafeBytes {
        core.authenticator.check(inquiry.credentials(authorization: $0), now: now)
      }
    } else {
      outcome = core.authenticator.check(inquiry.credentials, now: now)
    }
    let request = inquiry.request
    switch outcome {
    case .known(let identity):
      StreamReply.send(
        transport, channels: query.channels, account: identity.account, to: request)
      finish(200, request)
    case .unknown(let credential):
      try slowly(.database, request) { worker throws(APIError) in
        let identity = try worker.find(credential)
        StreamReply.send(
          transport, channels: query.channels, account: identity.account, to: request)
        worker.handler.finish(200, request)
      }
    case .missing, .refused: throw .unauthorized
    }
  }

  /// What nginx would refuse without a word.
  private func require(_ transport: Route.Transport, _ inquiry: Inquiry) throws(APIError) {
    switch transport {
    case .socket:
      guard has(inquiry.request.parameter("HTTP_UPGRADE"), "websocket") else {
        throw APIError(
          426, "upgrade_required",
          "this path speaks WebSocket; /events has the same as "
            + "server-sent events", field: "Upgrade")
      }
    case .events:
      guard has(inquiry.request.parameter("HTTP_ACCEPT"), "text/event-stream") else {
        throw APIError(
          406, "not_acceptable", "this path sends text/event-stream; say so in Accept",
          field: "Accept")
      }
    }
  }

  private func has(_ header: UnsafeRawBufferPointer?, _ word: String) -> Bool {
    guard let header else { return false }
    return String(decoding: header, as: UTF8.self).lowercased().contains(word)
  }

  private func requireSymbols(_ query: StreamsQuery) throws(APIError) {
    for stream in query.streams { _ = try market(named: stream.symbol) }
  }
}

extension StreamsQuery {
  fileprivate var channels: [String] { streams.map(\.text) }
}

/// An answer that nginx follows instead of sending it on.
private enum StreamReply {
  /// Every connection also hears `all`, where the feed says that something may be missing. The
  /// account's own channel comes first: nginx tells the feed of the first.
  static func send(
    _ transport: Route.Transport, channels: [String], account: UInt64?, to request: Request
  ) {
    let own = account.map { ["account.\($0)", "accounts"] } ?? []
    var text = (own + channels + ["all"]).joined(separator: "/")
    let folder = account == nil ? "" : "account/"
    var place = folder + (transport == .socket ? "socket" : "events")
    request.write("Status: 200 OK\r\nX-Accel-Redirect: /streams/")
    place.withUTF8 { request.write(UnsafeRawBufferPointer($0)) }
    request.write("\r\nX-Outcry-Channels: ")
    text.withUTF8 { request.write(UnsafeRawBufferPointer($0)) }
    request.write("\r\nContent-Length: 0\r\n\r\n")
  }
}
