import FastCGI
import Foundation
import Glibc

/// What a worker reads from the socket, byte by byte as it comes: whatever is sent, the server
/// answers or closes the connection, and answers the next one.
///
/// Left out is what libfcgi is known to do with a parameter that claims to be of 256 MB or more: it
/// asserts that there is memory for it. Such a length has a first byte above 0x90, so an input with
/// one is not tried (-1: nor kept).
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  if UnsafeRawBufferPointer(start: data, count: count).contains(where: { $0 >= 0x90 }) {
    return -1
  }
  let connection = connected()
  defer { close(connection) }
  var sent = 0
  while sent < count {
    let length = send(connection, data! + sent, count - sent, Int32(MSG_NOSIGNAL))
    guard length > 0 else { break }
    sent += length
  }
  shutdown(connection, Int32(SHUT_WR))
  var answer = [UInt8](repeating: 0, count: 4096)
  while true {
    let length = recv(connection, &answer, answer.count, 0)
    if length > 0 { continue }
    precondition(length == 0 || errno != EAGAIN, "neither an answer nor an end in time")
    return 0
  }
}

private let path = "/tmp/outcry-fuzz-\(getpid())"

private let server: Server = {
  let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
  unlink(path)
  let isListening = withAddress { bind(listener, $0, $1) == 0 && listen(listener, 64) == 0 }
  precondition(isListening, "no socket at \(path)")
  atexit { unlink(path) }
  var limits = Server.Limits()
  limits.requests = 8
  limits.body = 4096
  guard let server = try? Server(listening: listener, limits: limits) else {
    preconditionFailure("no server")
  }
  let thread = Thread { while true { answer(server) } }
  thread.start()
  return server
}()

/// What a worker looks at before it knows anything else.
private func answer(_ server: Server) {
  guard case .request(let request) = server.next() else { return }
  var sum = 0
  let names: [StaticString] = ["REQUEST_METHOD", "REQUEST_URI", "HTTP_AUTHORIZATION"]
  for name in names { sum += request.parameter(name)?.reduce(0) { $0 + Int($1) } ?? 0 }
  if case .complete(let body) = server.readBody(of: request) {
    sum += body.reduce(0) { $0 + Int($1) }
  }
  request.write(sum == 0 ? "Status: 400\r\n\r\n" : "Status: 200\r\n\r\nread")
  server.finish(request)
}

private func connected() -> Int32 {
  _ = server
  let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
  var patience = timeval(tv_sec: 5, tv_usec: 0)
  let size = socklen_t(MemoryLayout<timeval>.size)
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
  let isConnected = withAddress { connect(descriptor, $0, $1) == 0 }
  precondition(isConnected, "the server does not take connections any more")
  return descriptor
}

private func withAddress<Result>(
  _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
) -> Result {
  var name = sockaddr_un()
  name.sun_family = sa_family_t(AF_UNIX)
  withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
  return withUnsafeBytes(of: &name) {
    body(
      $0.baseAddress!.assumingMemoryBound(to: sockaddr.self),
      socklen_t(MemoryLayout<sockaddr_un>.size))
  }
}
