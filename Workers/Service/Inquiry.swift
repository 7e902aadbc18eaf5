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

  /// The client's own name for the call.
  var idempotencyKey: UnsafeRawBufferPointer? { request.parameter("HTTP_IDEMPOTENCY_KEY") }

  func checkIdempotencyKey() throws(APIError) {
    if let idempotencyKey { try IdempotencyKey.check(idempotencyKey) }
  }

  /// What a command is named by whose order has no name; returns its length, 0 for none.
  ///
  /// The client may name the call in a header. Else it is for a signed request its signature: sent
  /// again by whoever overheard it, within the signature's window and to any worker, it is the same
  /// command and gets the first answer. For others it is nginx's name for the request, which stays
  /// the same when nginx asks another worker.
  func writeName(into key: UnsafeMutableRawBufferPointer) -> Int {
    if let name = idempotencyKey, (1...36).contains(name.count) {
      UnsafeMutableRawBufferPointer(rebasing: key[..<name.count]).copyMemory(from: name)
      return name.count
    }
    key[0] = UInt8(ascii: "~")
    if let apiKey = request.parameter("HTTP_X_API_KEY"), !apiKey.isEmpty,
      let signature = request.parameter("HTTP_X_SIGNATURE"), signature.count >= 32
    {
      key[1] = UInt8(ascii: "s")
      // Hexadecimal digits, which may be sent in either case.
      for index in 0..<32 { key[2 + index] = signature[index] | 0x20 }
      return 34
    }
    guard let name = request.parameter("REQUEST_ID"), (1...32).contains(name.count) else {
      return 0
    }
    UnsafeMutableRawBufferPointer(rebasing: key[1...]).copyMemory(from: name)
    return 1 + name.count
  }

  var credentials: RequestCredentials {
    credentials(authorization: request.parameter("HTTP_AUTHORIZATION"))
  }

  func credentials(authorization: UnsafeRawBufferPointer?) -> RequestCredentials {
    RequestCredentials(
      authorization: authorization,
      apiKey: request.parameter("HTTP_X_API_KEY"),
      signature: request.parameter("HTTP_X_SIGNATURE"),
      timestamp: request.parameter("HTTP_X_TIMESTAMP"), idempotencyKey: idempotencyKey,
      method: method, target: target, body: body)
  }
}
