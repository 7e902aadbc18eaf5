import Glibc
import Settings

/// Makes what the programs expect to find: a database cluster, nginx's configuration, the keys.
/// Everything that is there already stays.
public struct Preparation {
  let stack: Stack

  public init(of stack: Stack) { self.stack = stack }

  public struct Failure: Error, CustomStringConvertible {
    public let description: String
  }

  /// `nginxFolder` holds nginx's configuration and, in `html`, its pages.
  public func run(nginxFolder: String) throws {
    let folder = stack.folder
    try folder.makeFolders()
    try makeKey(stack.settings.secretFile)
    try makeKey(stack.settings.adminKeyFile)
    try makeDatabases()
    try Files.replace(stack.nginxConfiguration, with: try nginxText(nginxFolder))
  }

  /// Of every shard.
  public func makeDatabases() throws {
    guard stack.ownsDatabase else { return }
    for shard in 0..<stack.shardCount { try makeCluster(ofShard: shard) }
  }

  private func nginxText(_ nginxFolder: String) throws -> String {
    let path = "\(nginxFolder)/outcry.conf.template"
    guard let template = Files.text(path) else { throw SystemError.ofLast("read", path) }
    return NginxConfiguration.text(
      template: template, settings: stack.settings, html: "\(nginxFolder)/html",
      build: "\(nginxFolder)/../.build", nchan: stack.tools.nchan)
  }

  /// Fills in nginx's configuration again and lets nginx check it; false when it is the same.
  public func renewNginx(from nginxFolder: String) throws -> Bool {
    let text = try nginxText(nginxFolder)
    guard Files.text(stack.nginxConfiguration) != text else { return false }
    let fresh = "\(stack.folder.nginx)/nginx.conf.check"
    try Files.replace(fresh, with: text)
    defer { unlink(fresh) }
    let log = LogFile(path: "\(stack.folder.logs)/nginx-check.log")
    unlink(log.path)
    let output = try log.open()
    defer { close(output) }
    let command = stack.nginx(configuration: fresh).command + ["-t"]
    guard try Command.run(command, output: output) == 0 else {
      throw Failure(
        description: (["nginx does not take its new configuration; nothing was changed:"]
          + log.tail(lines: 5)).joined(separator: "\n  "))
    }
    try Files.replace(stack.nginxConfiguration, with: text)
    return true
  }

  /// 32 random bytes in hexadecimal digits, for the owner's eyes only.
  private func makeKey(_ path: String) throws(SystemError) {
    guard !Files.exists(path) else { return }
    var random = SystemRandomNumberGenerator()
    let digits = (0..<64).map { _ in String(UInt8.random(in: 0..<16, using: &random), radix: 16) }
    try Files.replace(path, with: digits.joined() + "\n", mode: 0o600)
  }

  private func makeCluster(ofShard shard: Int) throws {
    let folder = stack.folder
    let data = folder.postgres(ofShard: shard)
    let sockets = folder.postgresSocketFolder(ofShard: shard)
    let user = PostgresUser(for: folder, setpriv: stack.tools.setpriv)
    try Files.makeFolder(sockets, mode: 0o700)
    try give(sockets, to: user)
    guard !Files.exists("\(data)/outcry-made") else { return }

    // Without that mark an earlier attempt ended half-way, and there cannot be data in it yet.
    let log = LogFile(path: "\(folder.logs)/initdb.log")
    unlink(log.path)
    let output = try log.open()
    defer { close(output) }
    _ = try Command.run(["/bin/rm", "-rf", data], output: output)
    try Files.makeFolder(data, mode: 0o700)
    try give(data, to: user)
    let initdb = Program(
      name: "initdb",
      command: [
        stack.tools.initdb, "-D", data, "-U", "outcry", "--auth=trust",
        "--encoding=UTF8", "--no-locale", "--no-instructions",
      ])
    try attempt(initdb, as: user, log: log, output: output)
    // A server for one session, which needs no port, makes the database.
    let single = "exec \"$0\" --single -D \"$1\" postgres <<< 'CREATE DATABASE outcry'"
    let create = Program(
      name: "database",
      command: [
        "/bin/bash", "-c", single, stack.tools.postgres, data,
      ])
    try attempt(create, as: user, log: log, output: output)
    try Files.replace("\(data)/outcry-made", with: "")
  }

  private func attempt(
    _ program: Program, as user: PostgresUser, log: LogFile, output: Int32
  ) throws {
    var program = program
    program.user = user.name
    program.mayPassFolders = user.needsToPassFolders
    let status = try Command.run(program.launch(setpriv: stack.tools.setpriv), output: output)
    guard status == 0 else {
      let advice =
        user.needsToPassFolders
        ? "\nthe user postgres cannot reach \(stack.folder.path): try --state /var/lib/outcry"
        : ""
      throw Failure(
        description: (["PostgreSQL's data could not be made:"] + log.tail(lines: 10))
          .joined(separator: "\n  ") + advice)
    }
  }

  private func give(_ path: String, to user: PostgresUser) throws(SystemError) {
    guard let name = user.name, let entry = getpwnam(name) else { return }
    guard chown(path, entry.pointee.pw_uid, entry.pointee.pw_gid) == 0 else {
      throw .ofLast("chown", path)
    }
  }
}
