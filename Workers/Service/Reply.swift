import API
import FastCGI

/// Sends answers. The head goes straight into the request's buffer, nothing is allocated.
enum Reply {
  static func send(
    _ status: Int, _ body: UnsafeRawBufferPointer, type: StaticString = "application/json",
    _ trace: TraceContext, to request: Request
  ) {
    head(status, trace, to: request)
    request.write("Content-Type: ")
    request.write(type)
    request.write("\r\nContent-Length: ")
    number(body.count, to: request)
    request.write("\r\n\r\n")
    request.write(body)
  }

  /// What nginx follows instead of sending it to the client.
  static func sendOn(to shard: UInt32, hops: Int, _ request: Request) {
    request.write("Status: 200 OK\r\nX-Accel-Redirect: @shard\r\nX-Outcry-Shard: ")
    number(Int(shard), to: request)
    request.write("\r\nX-Outcry-Hops: ")
    number(hops, to: request)
    request.write("\r\nContent-Length: 0\r\n\r\n")
  }

  /// An answer without a body.
  static func sendEmpty(_ status: Int, _ trace: TraceContext, to request: Request) {
    head(status, trace, to: request)
    request.write("\r\n")
  }

  static func send(
    _ error: APIError, _ output: inout JSONOutput, _ trace: TraceContext, to request: Request
  ) {
    output.clear()
    output.error(error)
    head(error.status, trace, to: request)
    if let seconds = error.retryAfter {
      request.write("Retry-After: ")
      number(seconds, to: request)
      request.write("\r\n")
    }
    if error.status == 401 { request.write("WWW-Authenticate: Bearer\r\n") }
    if var allow = error.allow {
      request.write("Allow: ")
      allow.withUTF8 { request.write(UnsafeRawBufferPointer($0)) }
      request.write("\r\n")
    }
    request.write("Content-Type: application/json\r\nContent-Length: ")
    number(output.count, to: request)
    request.write("\r\n\r\n")
    request.write(output.bytes)
  }

  /// Names the step of the client's trace that this answer is.
  private static func head(_ status: Int, _ trace: TraceContext, to request: Request) {
    if trace.isPresent {
      request.write("Traceparent: ")
      withUnsafeTemporaryAllocation(byteCount: TraceContext.length, alignment: 1) {
        trace.write(to: $0)
        request.write(UnsafeRawBufferPointer($0))
      }
      request.write("\r\n")
    }
    switch status {
    case 200: request.write("Status: 200 OK\r\n")
    case 201: request.write("Status: 201 Created\r\n")
    case 204: request.write("Status: 204 No Content\r\n")
    default:
      request.write("Status: ")
      number(status, to: request)
      request.write(" Refused\r\n")
    }
  }

  private static func number(_ number: Int, to request: Request) {
    precondition(number >= 0, "no header has a negative number")
    var rest = number
    withUnsafeTemporaryAllocation(byteCount: 20, alignment: 1) { digits in
      var first = 20
      repeat {
        first -= 1
        digits[first] = 0x30 + UInt8(rest % 10)
        rest /= 10
      } while rest > 0
      request.write(UnsafeRawBufferPointer(rebasing: digits[first...]))
    }
  }
}
