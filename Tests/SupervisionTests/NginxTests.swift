import Foundation
import TestSupport
import Testing

/// What nginx says by itself must look like what the API says.
@Suite("nginx", .serialized)
struct NginxTests {
  private struct Case: CustomTestStringConvertible {
    var name: String
    var request: String
    var status: Int
    var code: String
    var testDescription: String { name }

    init(_ name: String, _ request: String, _ status: Int, _ code: String) {
      self.name = name
      self.request = request
      self.status = status
      self.code = code
    }
  }

  private let cases = [
    Case("no HTTP at all", "GARBAGE\r\n\r\n", 400, "bad_request"),
    Case("no Host", "GET / HTTP/1.1\r\n\r\n", 400, "bad_request"),
    Case(
      "a length that is no number",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ten\r\n\r\n", 400, "bad_request"),
    Case("a path above the root", "GET /../x HTTP/1.1\r\nHost: x\r\n\r\n", 400, "bad_request"),
    Case(
      "a long header",
      "GET / HTTP/1.1\r\nHost: x\r\nA: \(String(repeating: "a", count: 20000))\r\n\r\n", 431,
      "headers_too_large"),
    Case(
      "a long path", "GET /\(String(repeating: "a", count: 20000)) HTTP/1.1\r\nHost: x\r\n\r\n",
      414, "uri_too_long"),
    Case("TRACE", "TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", 405, "method_not_allowed"),
    Case("HTTP 3.1", "GET / HTTP/3.1\r\nHost: x\r\n\r\n", 505, "http_version"),
    Case(
      "an unknown encoding", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: x\r\n\r\n", 501,
      "not_implemented"),
    Case(
      "a large body", "POST /api/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n", 413,
      "body_too_large"),
    Case(
      "a large body in chunks",
      "POST /api/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        + String(repeating: "10000\r\n\(String(repeating: "a", count: 65536))\r\n", count: 17),
      413, "body_too_large"),
    Case("its own place for errors", "GET /error HTTP/1.1\r\nHost: x\r\n\r\n", 404, "not_found"),
    Case("no such page", "GET /no.html HTTP/1.1\r\nHost: x\r\n\r\n", 404, "not_found"),
    Case(
      "a POST to a page", "POST /docs/docs.js HTTP/1.1\r\nHost: x\r\n\r\n", 405,
      "method_not_allowed"),
    Case(
      "a page on a condition",
      "GET /docs/docs.js HTTP/1.1\r\nHost: x\r\nIf-Match: \"1\"\r\n\r\n", 412,
      "precondition_failed"),
  ]

  private func check(_ answer: HTTPClient.Answer, _ expected: Case) {
    #expect(answer.status == expected.status, "\(expected.name): \(answer.head)")
    #expect(answer.header("Content-Type") == "application/json", "\(expected.name)")
    let body = Data(answer.body.utf8)
    let json = try? JSONSerialization.jsonObject(with: body) as? [String: [String: String]]
    #expect(json?["error"]?["code"] == expected.code, "\(expected.name)")
    #expect(json?["error"]?["message"]?.isEmpty == false, "\(expected.name)")
  }

  @Test("answers in JSON whatever it refuses by itself")
  func refusals() throws {
    let stack = try TestStack()
    try stack.up()
    for expected in cases { check(stack.raw(expected.request), expected) }
  }

  @Test("serves the pages, which may load and ask nobody but this host")
  func pages() throws {
    let stack = try TestStack()
    try stack.up()
    for (path, type) in [
      ("/api/docs", "text/html; charset=utf-8"), ("/docs", "text/html; charset=utf-8"),
      ("/docs/", "text/html; charset=utf-8"), ("/docs/docs.css", "text/css; charset=utf-8"),
      ("/docs/docs.js", "text/javascript; charset=utf-8"),
    ] {
      let page = HTTPClient(port: stack.port).send("GET", path)
      #expect(page.status == 200, "\(path): \(page.head)")
      #expect(page.header("Content-Type") == type, "\(path)")
      let policy = page.header("Content-Security-Policy") ?? ""
      #expect(policy.hasPrefix("default-src 'none'; script-src 'self'; "), "\(path): \(policy)")
      #expect(policy.hasSuffix("frame-ancestors 'none'"), "\(path): \(policy)")
      #expect(!policy.contains("unsafe") && !policy.contains("*"), "\(path): \(policy)")
      #expect(page.header("X-Content-Type-Options") == "nosniff", "\(path)")
      // A policy that a page of ours broke would only show in a browser.
      #expect(!page.body.contains("<script>") && !page.body.contains(" style="), "\(path)")
    }
    let answer = HTTPClient(port: stack.port).send("GET", "/api/x")
    #expect(answer.header("Cache-Control") == "no-store")
    #expect(answer.header("X-Content-Type-Options") == "nosniff")
  }

  @Test("says 502 in JSON, and when to come back, while no worker is there")
  func noWorkers() throws {
    let stack = try TestStack()
    try stack.replace("outcry-worker", with: "rm -f $OUTCRY_STATE_DIR/run/workers.sock; sleep 100")
    #expect(stack.outcry("up", "--wait", "1").status == 1)
    #expect(eventually { stack.get("/api/x") == 502 })
    let answer = HTTPClient(port: stack.port).send("GET", "/api/x")
    check(answer, Case("no worker", "", 502, "unavailable"))
    #expect(answer.header("Retry-After") == "1")
  }

  @Test("asks again when a worker dies with the first request of a connection")
  func secondChance() throws {
    let stack = try TestStack()
    let dying = """
      python3 -c 'import socket; s = socket.socket(fileno=3); s.accept()[0].recv(9); s.detach()'
      exec \(Products.path(of: "outcry-worker")) --echo
      """
    try stack.replace("outcry-worker", with: dying)
    try stack.up()
    stack.outcry("down")
    let lines = readFile(stack.state + "/nginx/access.log").split(separator: "\n")
    let statuses = try lines.map { line in
      let json = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      return (json?["status"] as? Int, json?["upstreamStatus"] as? String)
    }
    #expect(statuses.contains { $0 == (200, "502 : 200") }, "\(statuses)")
    #expect(statuses.allSatisfy { $0.0 == 200 }, "\(statuses)")
  }

  @Test("logs each request as one JSON object with its id and the worker's time")
  func accessLog() throws {
    let stack = try TestStack()
    try stack.up()
    #expect(stack.get("/api/logged?a=%22b%22") == 200)
    stack.outcry("down")
    let lines = readFile(stack.state + "/nginx/access.log").split(separator: "\n")
    let line = try #require(lines.first { $0.contains("/logged") })
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect((json["requestId"] as? String)?.count == 32)
    #expect(json["status"] as? Int == 200)
    #expect(Double(json["upstreamSeconds"] as? String ?? "") != nil)
  }
}
