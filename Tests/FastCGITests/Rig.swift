import FastCGI
import Foundation
import Synchronization
import TestSupport

/// A server in this process with one thread that answers with the method, the path and how long
/// the body was. `/hold` is answered only when the test says so, from the test's thread.
final class Rig: Sendable {
  let folder = TemporaryFolder()
  let listener: TestListener
  let server: Server
  let held = Mutex<[Request]>([])
  let isDrained = Atomic(false)

  /// Of another one's socket, if that is given.
  init(limits: Server.Limits = Server.Limits(), listener: TestListener? = nil) throws {
    self.listener = listener ?? TestListener(path: folder.file("s"))
    server = try Server(listening: self.listener.descriptor, limits: limits)
    let thread = Thread { [self] in serve() }
    thread.start()
  }

  func connect() throws -> FastCGIClient { try FastCGIClient(path: listener.path) }

  func stop() { server.drain() }

  private func serve() {
    while true {
      switch server.next() {
      case .request(let request): answer(request)
      case .quiet: continue
      case .drained: return isDrained.store(true, ordering: .releasing)
      }
    }
  }

  private func answer(_ request: Request) {
    let path = request.parameter("REQUEST_URI").map { String(decoding: $0, as: UTF8.self) } ?? ""
    switch server.readBody(of: request) {
    case .broken: server.finish(request)
    case .tooLarge:
      request.write("Status: 413 Payload Too Large\r\n\r\n")
      server.finish(request)
    case .complete(let body):
      if path == "/hold" { return held.withLock { $0.append(request) } }
      if path == "/parameters" { return reply(request, parameters(of: request)) }
      let sum = body.reduce(0) { $0 &+ Int($1) }
      reply(request, "\(path) \(body.count) \(sum)")
    }
  }

  /// Of names that begin alike, some of which no request has.
  private func parameters(of request: Request) -> String {
    let names: [StaticString] = ["HTTP_X", "HTTP_X_1", "HTTP_X_79", "HTTP_X_7", "HTTP_Y", "HTTP_"]
    return names.map { name in
      request.parameter(name).map { String(decoding: $0, as: UTF8.self) } ?? "nil"
    }.joined(separator: " ")
  }

  func reply(_ request: Request, _ text: String) {
    request.write("Status: 200 OK\r\nContent-Type: text/plain\r\n")
    var text = "Content-Length: \(text.utf8.count)\r\n\r\n\(text)"
    text.withUTF8 { request.write(UnsafeRawBufferPointer($0)) }
    server.finish(request)
  }

  func release() {
    for request in held.withLock({ held in
      defer { held = [] }
      return held
    }) { reply(request, "held") }
  }
}
