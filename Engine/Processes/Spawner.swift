import CShared
import Glibc

/// How a program is to be started as a child of this process.
public struct Spawner: Sendable {
  public var program: String
  public var arguments: [String]
  /// Variables added to this process's own; nil takes one away.
  public var environment: [String: String?] = [:]
  /// Descriptors of this process under the numbers at which the child finds them.
  public var descriptors: [Int32: Int32] = [:]

  public init(program: String, arguments: [String]) {
    self.program = program
    self.arguments = arguments
  }

  /// Starts it with no signal blocked: the caller's blocked ones would be inherited, and the child
  /// would never see them.
  public func start() throws(SystemCallError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (number, own) in descriptors {
      posix_spawn_file_actions_adddup2(&actions, own, number)
    }

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

    var pid: pid_t = 0
    let failure = withCStrings([program] + arguments) { arguments in
      withCStrings(variables()) { environment in
        posix_spawn(&pid, program, &actions, &attributes, arguments, environment)
      }
    }
    guard failure == 0 else { throw SystemCallError("posix_spawn \(program)", errno: failure) }
    return pid
  }

  private func variables() -> [String] {
    var result = environment.compactMap { name, value in value.map { "\(name)=\($0)" } }
    var entry = outcry_environment()
    while let line = entry?.pointee {
      let text = String(cString: line)
      let name = text.prefix { $0 != "=" }
      if environment[String(name)] == nil { result.append(text) }
      entry = entry?.successor()
    }
    return result
  }
}

/// The program of the given name that lies beside this one.
public func siblingProgram(_ name: String) throws(SystemCallError) -> String {
  var path = [UInt8](repeating: 0, count: Int(PATH_MAX))
  let length = path.withUnsafeMutableBytes { readlink("/proc/self/exe", $0.baseAddress!, $0.count) }
  guard length > 0 else { throw SystemCallError("readlink /proc/self/exe") }
  let own = String(decoding: path[..<length], as: UTF8.self)
  let folder = own[..<(own.lastIndex(of: "/") ?? own.startIndex)]
  return "\(folder)/\(name)"
}

private func withCStrings<Value>(
  _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Value
) -> Value {
  let copies = strings.map { strdup($0) }
  defer { copies.forEach { free($0) } }
  return body(copies + [nil])
}
