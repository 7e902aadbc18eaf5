import Glibc
import Settings

/// The programs of an exchange on one machine, and the settings each of them gets.
public struct Stack: Sendable {
  public var folder: StateFolder
  public var settings: Settings
  /// Where the settings come from.
  public let configuration: Configuration
  /// Where `outcry-engine`, `outcry-worker` and `outcry-feed` lie: beside `outcry`.
  public var programsFolder: String
  public var tools: Tools
  /// False when the environment named a server of its own.
  public var ownsDatabase = true
  public var ownsRedis = true

  public init(
    folder: StateFolder, environment: [String: String], programsFolder: String, tools: Tools
  ) throws(Settings.Problems) {
    self.folder = folder
    self.tools = tools
    self.programsFolder = programsFolder
    configuration = try Stack.configuration(of: folder, environment: environment)
    settings = Stack.settings(of: configuration, in: folder)
    ownsDatabase = !configuration.isGiven("database")
    ownsRedis = !configuration.isGiven("redis")
  }

  /// The settings, those included that follow from the state folder.
  public static func settings(of configuration: Configuration, in folder: StateFolder) -> Settings {
    var settings = configuration.settings
    for (name, value) in derived(from: folder) where !configuration.isGiven(name) {
      settings.set(name, to: value)
    }
    return settings
  }

  /// What is set for the exchange of this folder. The environment may be one that a stack made: a
  /// value in it that follows from the folder anyway was given by nobody.
  public static func configuration(of folder: StateFolder, environment: [String: String])
    throws(Settings.Problems) -> Configuration
  {
    var environment = environment
    for (name, value) in derived(from: folder) {
      let variable = "OUTCRY_\(name.uppercased())"
      if environment[variable] == value { environment[variable] = nil }
    }
    environment["OUTCRY_STATE_DIR"] = folder.path
    return try Configuration.load(environment: environment)
  }

  /// What follows from the state folder where nothing else was said.
  private static func derived(from folder: StateFolder) -> KeyValuePairs<String, String> {
    [
      "state_dir": folder.path,
      "instance": folder.instance,
      "database": "host=\(folder.postgresSocketFolder) user=outcry dbname=outcry",
      "redis": folder.redisSocket,
      "listen": folder.workersSocket,
      "publish_socket": folder.publishSocket,
      "secret_file": folder.secretFile,
      "admin_key_file": folder.adminKeyFile,
    ]
  }

  /// What every program of the exchange itself finds in its environment. What the file says is
  /// left to the file: programs that are told to reload read it again, and a variable would hide
  /// what it says by then.
  public var environment: [String: String] {
    var result: [String: String] = [:]
    for setting in Settings.catalogue where configuration.source(of: setting.name) == .environment {
      result[setting.variable] = setting.show(settings)
    }
    for (name, value) in Stack.derived(from: folder) where !configuration.isGiven(name) {
      result["OUTCRY_\(name.uppercased())"] = value
    }
    result["OUTCRY_STATE_DIR"] = folder.path
    result["OUTCRY_CONFIG"] = configuration.file
    return result
  }

  /// In the order they start; they stop in the reverse one.
  public var programs: [Program] {
    var list: [Program] = []
    if ownsDatabase { list.append(postgres) }
    if ownsRedis { list.append(redis) }
    var engine = Program(name: "engine", command: ["\(programsFolder)/outcry-engine", "--manage"])
    engine.environment = environment
    engine.needs = ownsDatabase ? ["postgres"] : []
    var worker = Program(name: "worker", command: ["\(programsFolder)/outcry-worker"])
    worker.environment = environment
    worker.needs = engine.needs
    worker.takesListener = true
    var feed = Program(name: "feed", command: ["\(programsFolder)/outcry-feed"])
    feed.environment = environment
    return list + [engine, worker, nginx, feed]
  }
}

/// The programs of others that the stack runs.
public struct Tools: Sendable {
  public var initdb: String
  public var postgres: String
  public var redis: String
  public var nginx: String
  /// nginx's module for WebSocket and server-sent events.
  public var nchan: String
  public var setpriv: String

  public static let nchanName = "ngx_nchan_module.so"

  /// Where that module lies; nil when it is not installed.
  public static var nchan: String? {
    let folders = ["/usr/lib", "/usr/lib64", "/usr/share"].map { "\($0)/nginx/modules" }
    return folders.map { "\($0)/\(nchanName)" }.first(where: Files.exists)
  }

  /// Throws the names of those that are not installed.
  public static func find() throws(Missing) -> Tools {
    var missing: [String] = []
    func need(_ name: String, in folders: [String] = []) -> String {
      if let path = Files.program(name, alsoIn: folders) { return path }
      missing.append(name)
      return name
    }
    // Debian keeps each version of PostgreSQL in a folder of its own; the newest one is taken.
    let versions = Files.names(in: "/usr/lib/postgresql").compactMap { Int($0) }.sorted(by: >)
    let folders = versions.map { "/usr/lib/postgresql/\($0)/bin" }
    if Tools.nchan == nil { missing.append(Tools.nchanName) }
    let tools = Tools(
      initdb: need("initdb", in: folders), postgres: need("postgres", in: folders),
      redis: need("redis-server"), nginx: need("nginx"),
      nchan: Tools.nchan ?? Tools.nchanName, setpriv: need("setpriv"))
    guard missing.isEmpty else { throw Missing(names: missing) }
    return tools
  }

  public struct Missing: Error, CustomStringConvertible {
    public let names: [String]
    public var description: String {
      "not installed: \(names.joined(separator: ", ")); run .ci/install, or `make up`, which does"
    }
  }
}
