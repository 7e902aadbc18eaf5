import Foundation
import Supervision
import TestSupport

/// An exchange in a temporary folder: real Redis, nginx and workers, which answer a constant, and
/// an engine that does nothing. Gone with the object, whatever the test did to it.
final class TestStack {
  let folder = TemporaryFolder("stack")
  let port = freePort()
  let state: String
  private let environment: [String: String]
  private let janitor: Janitor

  /// `database` stands for a server that is there already, unless it is nil.
  init(database: String? = "host=/nowhere") throws {
    state = folder.file("state")
    var environment = ["OUTCRY_PORT": "\(port)", "OUTCRY_WORKERS": "1"]
    environment["OUTCRY_DATABASE"] = database
    self.environment = environment
    janitor = Janitor(command: "\(Products.path(of: "outcry")) down --state \(state) >/dev/null")
    try FileManager.default.createDirectory(
      atPath: folder.file("programs/nginx"), withIntermediateDirectories: true)
    let template = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../nginx/outcry.conf.template").standardized.path
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("programs/nginx/outcry.conf.template"), withDestinationPath: template)
    try replace("outcry-engine", with: "exec sleep 1000")
    try replace("outcry-worker", with: "exec \(Products.path(of: "outcry-worker")) --echo")
  }

  /// Puts a shell script in the place of a program.
  func replace(_ program: String, with script: String) throws {
    let path = folder.file("programs/\(program)")
    try "#!/bin/sh\n\(script)\n".write(toFile: path, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
  }

  @discardableResult
  func outcry(_ arguments: String..., wait: Double = 60) -> (status: Int32, output: String) {
    var all = arguments + ["--state", state]
    if arguments.first == "up" { all += ["--programs", folder.file("programs")] }
    let (exit, output) = ChildProcess.run(
      Products.path(of: "outcry"), all, environment: environment, within: wait)
    guard case .code(let status)? = exit else { return (-1, output) }
    return (status, output)
  }

  var programs: [ProgramStatus] { ProgramStatus.all(in: state + "/processes") }

  func program(_ name: String) -> ProgramStatus? { programs.first { $0.name == name } }

  var supervisor: pid_t? { SupervisorLock.holder(of: state + "/supervisor.pid") }

  /// Sends bytes as they are and returns what comes back until the other side ends or is silent.
  func raw(_ request: String, port: UInt16? = nil) -> String {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    address.sin_port = (port ?? self.port).bigEndian
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else { return "" }
    var limit = timeval(tv_sec: 1, tv_usec: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    let bytes = Array(request.utf8)
    _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    var answer: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = recv(descriptor, &chunk, chunk.count, 0)
      guard count > 0 else { break }
      answer += chunk[..<count]
    }
    return String(decoding: answer, as: UTF8.self)
  }

  /// The status of a plain GET; 0 when there is no answer.
  func get(_ path: String) -> Int {
    let answer = raw("GET \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    return Int(answer.split(separator: " ").dropFirst().first ?? "") ?? 0
  }
}
