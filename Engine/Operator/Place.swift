import Glibc
import Settings
import Supervision

/// The exchange a command is about.
struct Place {
  let statePath: String
  let programsFolder: String

  /// Takes the options that every command knows.
  init(_ arguments: inout Arguments) throws {
    let environment = Settings.processEnvironment()
    let usual = environment["OUTCRY_STATE_DIR"].flatMap { $0.isEmpty ? nil : $0 }
    statePath = try arguments.option("--state") ?? usual ?? ".outcry"
    let own = Files.linkTarget("/proc/self/exe") ?? ""
    let named = try arguments.option("--programs")
    programsFolder = named.map { Files.resolved($0) ?? $0 } ?? Place.folder(of: own)
  }

  /// The state folder, which has to be there.
  func existing() throws -> StateFolder {
    guard let folder = StateFolder(existing: statePath) else {
      throw Failure("there is no exchange in \(statePath): `outcry up` makes one")
    }
    return folder
  }

  /// The stack as it was started, or as it would be started from this environment.
  func stack(in folder: StateFolder) throws -> Stack {
    try Stack(
      folder: folder, environment: environment(of: folder), programsFolder: programsFolder,
      tools: try Tools.find())
  }

  /// What holds for the exchange, also where the servers it uses run somewhere else: in a container
  /// none of them is installed.
  func settings(in folder: StateFolder) throws(Settings.Problems) -> Settings {
    let environment = environment(of: folder)
    let configuration = try Stack.configuration(of: folder, environment: environment)
    return Stack.settings(of: configuration, in: folder)
  }

  /// The variables the exchange was started with while it runs, else those of this process.
  func environment(of folder: StateFolder) -> [String: String] {
    var environment = Settings.processEnvironment()
    if SupervisorLock.holder(of: folder.pidFile) != nil {
      environment = environment.filter { !$0.key.hasPrefix("OUTCRY_") }
      environment.merge(SavedEnvironment.read(from: folder)) { $1 }
    }
    return environment
  }

  /// nginx's configuration and pages lie in the repository, above the folder this program was
  /// built in.
  func nginxFolder() throws -> String {
    var folder = programsFolder
    while !folder.isEmpty {
      let candidate = "\(folder)/nginx"
      if Files.exists("\(candidate)/outcry.conf.template") { return candidate }
      folder = Place.folder(of: folder)
    }
    throw Failure("nginx/outcry.conf.template is not above \(programsFolder): run the tool there")
  }

  private static func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
  }
}

/// The OUTCRY_ variables the exchange was started with, kept beside it: `status` has to find the
/// database without being told again, and from any folder.
enum SavedEnvironment {
  static func file(_ folder: StateFolder) -> String { "\(folder.path)/environment" }

  static func write(_ stack: Stack, to folder: StateFolder) throws {
    let lines = stack.environment.map { "\($0.key)=\($0.value)\n" }.sorted()
    // A connection string may carry a password.
    try Files.replace(file(folder), with: lines.joined(), mode: 0o600)
  }

  static func read(from folder: StateFolder) -> [String: String] {
    var environment: [String: String] = [:]
    for line in (Files.text(file(folder)) ?? "").split(separator: "\n") {
      guard let equals = line.firstIndex(of: "=") else { continue }
      environment[String(line[..<equals])] = String(line[line.index(after: equals)...])
    }
    return environment
  }
}
