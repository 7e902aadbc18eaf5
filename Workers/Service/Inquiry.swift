import API
import Accounts
import FastCGI

/// A request as it came in. What it points to is valid until the request is finished, its body
/// only while it is being handled.
struct Inquiry {
  let request: Request
  let method: UnsafeRawBufferPointer
  /// The path with its query, as the client sent it.
  let target: UnsafeRawBufferPointer
  let path: UnsafeRawBufferPointer
  let query: UnsafeRawBufferPointer
  let body: UnsafeRawBufferPointer
  /// CLOCK_MONOTONIC nanoseconds at which the client gets an answer in any case.
  let deadline: Int64

  init(_ request: Request, body: UnsafeRawBufferPointer, deadline: Int64) {
    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
    self.request = request
    self.body = body
    self.deadline = deadline
    method = request.parameter("REQUEST_METHOD") ?? nothing
    target = request.parameter("REQUEST_URI") ?? nothing
    let end = target.firstIndex(of: UInt8(ascii: "?")) ?? target.count
    path = UnsafeRawBufferPointer(rebasing: target[..<end])
    query = UnsafeRawBufferPointer(rebasing: target[min(end + 1, target.count)...])
  }

  var credentials: RequestCredentials {
    credentials(authorization: request.parameter("HTTP_AUTHORIZATION"))
  }

  func credentials(authorization: UnsafeRawBufferPointer?) -> RequestCredentials {
    RequestCredentials(
      authorization: authorization,
      apiKey: request.parameter("HTTP_X_API_KEY"),
      signature: request.parameter("HTTP_X_SIGNATURE"),
      timestamp: request.parameter("HTTP_X_TIMESTAMP"),
      method: method, target: target, body: body)
  }
}
