import Foundation
import TestSupport
import Testing

/// The example of the README, with the names of this test.
@Suite("TLS", .serialized)
struct TLSTests {
  private func run(_ command: String...) -> (ChildProcess.Exit?, String) {
    ChildProcess.run("/usr/bin/env", command, within: 30)
  }

  @Test("is added by a file beside nginx's configuration, and a reload")
  func example() throws {
    let stack = try TestStack()
    try stack.up()
    let key = stack.folder.file("key.pem")
    let certificate = stack.folder.file("certificate.pem")
    let (made, output) = run(
      "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
      "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost",
      "-addext", "subjectAltName=DNS:localhost")
    try #require(made == .code(0), "\(output)")

    let port = freePort()
    let path = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../nginx/tls.conf.example").standardized.path
    let text = readFile(path).replacing("listen 443 ", with: "listen \(port) ")
      .replacing("/etc/outcry/tls/fullchain.pem", with: certificate)
      .replacing("/etc/outcry/tls/privkey.pem", with: key)
    let site = stack.state + "/nginx/site"
    try FileManager.default.createDirectory(atPath: site, withIntermediateDirectories: true)
    try text.write(toFile: site + "/tls.conf", atomically: true, encoding: .utf8)

    let nginx = try #require(stack.program("nginx"))
    kill(nginx.pid, SIGHUP)
    let url = "https://localhost:\(port)/health"
    #expect(
      eventually {
        let (exit, output) = run("curl", "-s", "--cacert", certificate, "--http2", url)
        return exit == .code(0) && !output.isEmpty
      })
    let (_, old) = run("curl", "-sS", "--cacert", certificate, "--tls-max", "1.1", url)
    #expect(old.contains("curl"), "an old version of TLS was accepted: \(old)")
    #expect(stack.get("/health") == 200, "the other port answers as before")
  }
}
