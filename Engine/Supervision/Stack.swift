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
  /// How many shards run on this machine.
  public let shardCount: Int

  public init(
    folder: StateFolder, environment: [String: String], programsFolder: String, tools: Tools
  ) throws(Settings.Problems) {
    self.folder = folder
    self.tools = tools
    self.programsFolder = programsFolder
    configuration = try Stack.configuration(of: folder, environment: environment)
    settings = Stack.settings(of: configuration, in: folder)
    shardCount = folder.shardCount
    ownsDatabase = !configuration.isGiven("database") && !configuration.isGiven("shard_databases")
    ownsRedis = !configuration.isGiven("redis")
  }

  /// The settings, those included that follow from the state folder.
  public static func settings(of configuration: Configuration, in folder: StateFolder) -> Settings {
    var settings = configuration.settings
    for (name, value) in derived(from: folder) where isDerived(name, configuration) {
      settings.set(name, to: value)
    }
    return settings
  }

  /// A database that nobody named may still be one of those that somebody named together.
  private static func isDerived(_ name: String, _ configuration: Configuration) -> Bool {
    !configuration.isGiven(name)
      && (name != "database" || !configuration.isGiven("shard_databases"))
  }

  /// What one of the shards on this machine reads. They share all but what lies in a shard.
  public func settings(ofShard shard: Int) -> Settings {
    var own = settings
    if shard > 0 {
      for (name, value) in overrides(ofShard: shard) { own.set(name, to: value) }
    }
    return own
  }

  /// The names of their segments in shared memory.
  public var instances: [String] {
    (0..<shardCount).map { Stack.instance(settings.instance, ofShard: $0) }
  }

  public static func instance(_ name: String, ofShard shard: Int) -> String {
    name + StateFolder.suffix(shard)
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
    // How many there are the folder knows, and it may have changed since a program was started.
    if folder.shardCount > 1 { environment["OUTCRY_SHARDS_USED"] = nil }
    return try Configuration.load(environment: environment, fallbacks: shards(in: folder))
  }

  /// What follows from the state folder where nothing else was said.
  private static func derived(from folder: StateFolder) -> [(String, String)] {
    let own = [
      ("state_dir", folder.path),
      ("instance", folder.instance),
      ("database", database(in: folder, ofShard: 0)),
      ("redis", folder.redisSocket),
      ("listen", folder.workersSocket(ofShard: 0)),
      ("publish_socket", folder.publishSocket),
      ("secret_file", folder.secretFile),
      ("admin_key_file", folder.adminKeyFile),
    ]
    return own + shards(in: folder).map { ($0.name, $0.value) }
  }

  private static func shards(in folder: StateFolder) -> [(name: String, value: String)] {
    let shards = 0..<folder.shardPlaces
    guard shards.count > 1 else { return [] }
    return [
      ("shards_used", "\(folder.shardCount)"),
      ("shards", shards.map { folder.workersSocket(ofShard: $0) }.joined(separator: " ")),
      (
        "shard_databases", shards.map { database(in: folder, ofShard: $0) }.joined(separator: "; ")
      ),
    ]
  }

  private static func database(in folder: StateFolder, ofShard shard: Int) -> String {
    "host=\(folder.postgresSocketFolder(ofShard: shard)) user=outcry dbname=outcry"
  }

  private func overrides(ofShard shard: Int) -> [(String, String)] {
    [
      ("shard", "\(shard)"),
      ("instance", Stack.instance(settings.instance, ofShard: shard)),
      ("listen", folder.workersSocket(ofShard: shard)),
      ("database", settings.shardDatabases.database(of: shard) ?? settings.database),
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
    for (name, value) in Stack.derived(from: folder) where Stack.isDerived(name, configuration) {
      result["OUTCRY_\(name.uppercased())"] = value
    }
    result["OUTCRY_STATE_DIR"] = folder.path
    result["OUTCRY_CONFIG"] = configuration.file
    return result
  }

  /// In the order they start; they stop in the reverse one.
  public var programs: [Program] {
    var list: [Program] = []
    if ownsDatabase { list += (0..<shardCount).map(postgres(ofShard:)) }
    if ownsRedis { list.append(redis) }
    list += (0..<shardCount).map(engine(ofShard:))
    list += (0..<shardCount).map(worker(ofShard:))
    var feed = Program(name: "feed", command: ["\(programsFolder)/outcry-feed"])
    feed.environment = environment
    return list + [nginx, feed]
  }

  private func engine(ofShard shard: Int) -> Program {
    var engine = program("engine", "outcry-engine", ofShard: shard)
    engine.command.append("--manage")
    return engine
  }

  private func worker(ofShard shard: Int) -> Program {
    var worker = program("worker", "outcry-worker", ofShard: shard)
    worker.listens = settings(ofShard: shard).listen
    return worker
  }

  private func program(_ name: String, _ file: String, ofShard shard: Int) -> Program {
    let suffix = StateFolder.suffix(shard)
    var program = Program(name: name + suffix, command: ["\(programsFolder)/\(file)"])
    program.environment = environment
    if shard > 0 {
      for (name, value) in overrides(ofShard: shard) {
        program.environment["OUTCRY_\(name.uppercased())"] = value
      }
    }
    program.needs = ownsDatabase ? ["postgres\(suffix)"] : []
    return program
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
