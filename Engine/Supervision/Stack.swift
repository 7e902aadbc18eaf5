import Glibc
import Settings

/// The programs of an exchange on one machine, and the settings each of them gets.
public struct Stack: Sendable {
  public var folder: StateFolder
  public var settings: Settings
  /// Where `outcry-engine` and `outcry-worker` lie: beside `outcry`.
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
    settings = try Settings(environment: environment)
    func isGiven(_ name: String) -> Bool { environment[name]?.isEmpty == false }
    settings.stateDirectory = folder.path
    ownsDatabase = !isGiven("OUTCRY_DATABASE")
    ownsRedis = !isGiven("OUTCRY_REDIS")
    if !isGiven("OUTCRY_INSTANCE") { settings.instance = folder.instance }
    if ownsDatabase {
      settings.database = "host=\(folder.postgresSocketFolder) user=outcry dbname=outcry"
    }
    if ownsRedis { settings.redis = .unix(path: folder.redisSocket) }
    if !isGiven("OUTCRY_LISTEN") { settings.listen = .unix(path: folder.workersSocket) }
    if !isGiven("OUTCRY_SECRET_FILE") { settings.secretFile = folder.secretFile }
    if !isGiven("OUTCRY_ADMIN_KEY_FILE") { settings.adminKeyFile = folder.adminKeyFile }
  }

  /// What every program of the exchange itself finds in its environment.
  public var environment: [String: String] {
    [
      "OUTCRY_STATE_DIR": folder.path,
      "OUTCRY_INSTANCE": settings.instance,
      "OUTCRY_DATABASE": settings.database,
      "OUTCRY_REDIS": settings.redis.description,
      "OUTCRY_LISTEN": settings.listen.description,
      "OUTCRY_WORKERS": String(settings.workers),
      "OUTCRY_SECRET_FILE": settings.secretFile,
      "OUTCRY_ADMIN_KEY_FILE": settings.adminKeyFile,
      "OUTCRY_PORT": String(settings.port),
      "OUTCRY_SNAPSHOT_EVERY": String(settings.snapshotEvery),
      "OUTCRY_JOURNAL_KEEP": String(settings.journalKeep),
      "OUTCRY_REQUEST_DEADLINE_MS": String(settings.requestDeadlineMilliseconds),
      "OUTCRY_LOG_LEVEL": "\(settings.logLevel)",
    ]
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
    return list + [engine, worker, nginx]
  }
}

/// The programs of others that the stack runs.
public struct Tools: Sendable {
  public var initdb: String
  public var postgres: String
  public var redis: String
  public var nginx: String
  public var setpriv: String

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
    let tools = Tools(
      initdb: need("initdb", in: folders), postgres: need("postgres", in: folders),
      redis: need("redis-server"), nginx: need("nginx"), setpriv: need("setpriv"))
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
