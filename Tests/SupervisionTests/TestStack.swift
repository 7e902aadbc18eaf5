import Foundation
import Supervision
import TestSupport
import Testing

/// An exchange in a temporary folder: real Redis, nginx and workers, which answer a constant, and
/// an engine that does nothing. Gone with the object, whatever the test did to it.
final class TestStack {
  let folder = TemporaryFolder("stack")
  let port = freePort()
  let state: String
  private let environment: [String: String]
  private let janitor: Janitor

  /// `database` stands for a server that is there already, unless it is nil.
  init(database: String? = "host=/nowhere", settings: [String: String] = [:]) throws {
    state = folder.file("state")
    var environment = ["OUTCRY_PORT": "\(port)", "OUTCRY_WORKERS": "1"]
    environment["OUTCRY_DATABASE"] = database
    environment.merge(settings) { $1 }
    self.environment = environment
    janitor = Janitor(command: "\(Products.path(of: "outcry")) down --state \(state) >/dev/null")
    try FileManager.default.createDirectory(
      atPath: folder.file("programs/nginx"), withIntermediateDirectories: true)
    let nginx = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../nginx").standardized.path
    for name in ["outcry.conf.template", "html"] {
      try FileManager.default.createSymbolicLink(
        atPath: folder.file("programs/nginx/\(name)"), withDestinationPath: "\(nginx)/\(name)")
    }
    try replace("outcry-engine", with: "exec sleep 1000")
    try replace("outcry-feed", with: "exec sleep 1000")
    try replace("outcry-worker", with: "exec \(Products.path(of: "outcry-worker")) --echo")
  }

  /// Before the folder goes, which `down` needs; the janitor is for when the tests are killed.
  deinit { outcry("down") }

  /// Puts a shell script in the place of a program.
  func replace(_ program: String, with script: String) throws {
    let path = folder.file("programs/\(program)")
    try "#!/bin/sh\n\(script)\n".write(toFile: path, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
  }

  @discardableResult
  func outcry(_ arguments: String..., wait: Double = 120) -> (status: Int32, output: String) {
    let tool = start(arguments)
    guard case .code(let status)? = tool.wait(within: wait) else { return (-1, tool.output) }
    return (status, tool.output)
  }

  func up() throws {
    let (status, output) = outcry("up")
    try #require(status == 0, "\(output)")
  }

  /// The same tool, which runs meanwhile.
  func start(_ arguments: String...) -> ChildProcess { start(arguments) }

  private func start(_ arguments: [String]) -> ChildProcess {
    var all = arguments + ["--state", state]
    if arguments.first == "up" { all += ["--programs", folder.file("programs")] }
    return ChildProcess(Products.path(of: "outcry"), all, environment: environment)
  }

  var programs: [ProgramStatus] { ProgramStatus.all(in: state + "/processes") }

  func program(_ name: String) -> ProgramStatus? { programs.first { $0.name == name } }

  var supervisor: pid_t? { SupervisorLock.holder(of: state + "/supervisor.pid") }

  func raw(_ request: String) -> HTTPClient.Answer {
    HTTPClient(port: port, patienceSeconds: 1).raw(Array(request.utf8))
  }

  /// The status of a plain GET; 0 when there is no answer.
  func get(_ path: String) -> Int { HTTPClient(port: port).send("GET", path).status }
}
