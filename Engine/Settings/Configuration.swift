import Glibc

/// The settings together with where each of them comes from: the environment, else the file, else
/// the default.
public struct Configuration: Sendable {
  public enum Source: Hashable, Sendable {
    case standard
    case file(line: Int)
    case environment
  }

  public private(set) var settings = Settings()
  /// The file that was read, if there was one.
  public private(set) var file: String?
  private var sources: [String: Source] = [:]

  public func source(of name: String) -> Source { sources[name] ?? .standard }
  public func isGiven(_ name: String) -> Bool { source(of: name) != .standard }

  /// Reads the file that OUTCRY_CONFIG names, or else `outcry.conf` in the state folder if there is
  /// one. Throws everything that is wrong at once. `fallbacks` hold where nothing else is said.
  public static func load(
    environment: [String: String], fallbacks: [(name: String, value: String)] = []
  ) throws(Settings.Problems) -> Configuration {
    var reader = Reader(environment: environment)
    for (name, value) in fallbacks { reader.result.settings.set(name, to: value) }
    reader.takePlaces()
    reader.takeFile()
    reader.takeEnvironment()
    reader.takeShards()
    guard reader.problems.isEmpty else { throw Settings.Problems(list: reader.problems) }
    return reader.result
  }

  /// Only what the environment says, with no file.
  static func environmentAlone(_ environment: [String: String]) throws(Settings.Problems)
    -> Configuration
  {
    var reader = Reader(environment: environment)
    reader.takePlaces()
    reader.takeEnvironment()
    reader.takeShards()
    guard reader.problems.isEmpty else { throw Settings.Problems(list: reader.problems) }
    return reader.result
  }

  private struct Reader {
    let environment: [String: String]
    var result = Configuration()
    var problems: [String] = []

    init(environment: [String: String]) {
      // An empty variable counts as unset: that is how compose files and unit files clear one.
      self.environment = environment.filter { $0.key.hasPrefix("OUTCRY_") && !$0.value.isEmpty }
    }

    /// What lies in the state folder moves with it.
    mutating func takePlaces() {
      guard let folder = environment["OUTCRY_STATE_DIR"] else { return }
      result.settings.stateDirectory = folder
      result.settings.listen = .unix(path: "\(folder)/run/workers.sock")
      result.settings.publishSocket = "\(folder)/run/nginx/publish.sock"
      result.settings.secretFile = "\(folder)/secret"
      result.settings.adminKeyFile = "\(folder)/admin-key"
    }

    mutating func takeFile() {
      let usual = "\(result.settings.stateDirectory)/outcry.conf"
      let path = Configuration.absolute(environment["OUTCRY_CONFIG"] ?? usual)
      let (content, code) = ConfigurationFile.text(of: path)
      guard let text = content else {
        if environment["OUTCRY_CONFIG"] != nil || code != ENOENT && code != ENOTDIR {
          problems.append("\(path) cannot be read: \(String(cString: strerror(code)))")
        }
        return
      }
      result.file = path
      let folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
      let file = ConfigurationFile(path: path, text: text)
      problems += file.problems
      for entry in file.entries {
        let place = "\(path):\(entry.line): "
        guard let setting = Settings.setting(named: entry.name) else {
          let near = Suggestion.nearest(to: entry.name, among: Settings.catalogue.map(\.name))
          let hint = near.map { "; did you mean \($0)?" } ?? ""
          problems.append("\(place)there is no setting \"\(entry.name)\"\(hint)")
          continue
        }
        guard !setting.isEnvironmentOnly else {
          problems.append("\(place)only the environment can say it, as \(setting.variable)")
          continue
        }
        take(setting, entry.value, "\(place)\(entry.name)", base: folder, .file(line: entry.line))
      }
    }

    mutating func takeEnvironment() {
      let folder = Configuration.currentFolder
      for setting in Settings.catalogue {
        guard let text = environment[setting.variable] else { continue }
        take(setting, text, setting.variable, base: folder, .environment)
      }
      let known = Set(Settings.catalogue.map(\.variable))
      for name in environment.keys.sorted()
      where !known.contains(name) && !Configuration.isNoSetting(name) {
        let hint = Suggestion.nearest(to: name, among: known.sorted())
        problems.append(
          "there is no setting \(name)" + (hint.map { "; did you mean \($0)?" } ?? ""))
      }
    }

    /// What one setting of the shards says about others.
    mutating func takeShards() {
      guard problems.isEmpty else { return }
      problems = result.settings.contradictions
      let own = result.settings.shardDatabases.database(of: result.settings.shard)
      if let own, !result.isGiven("database") { result.settings.database = own }
    }

    private mutating func take(
      _ setting: Setting, _ text: String, _ place: String, base: String, _ source: Source
    ) {
      if setting.read(text, base, &result.settings) {
        result.sources[setting.name] = source
      } else {
        problems.append("\(place) is \"\(text)\"; it must be \(setting.expected)")
      }
    }
  }

  /// What the programs tell each other, and what Kubernetes sets in every pod beside a service
  /// that is called outcry.
  private static func isNoSetting(_ name: String) -> Bool {
    ["OUTCRY_MASTER_PID", "OUTCRY_MANAGER_PID", "OUTCRY_POOL_STATE"].contains(name)
      || name.hasSuffix("_SERVICE_HOST") || name.contains("_SERVICE_PORT")
      || name.contains("_TCP") || name.contains("_UDP")
  }

  private static func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : "\(currentFolder)/\(path)"
  }

  private static var currentFolder: String {
    var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let isKnown = bytes.withUnsafeMutableBytes { getcwd($0.baseAddress!, $0.count) != nil }
    return isKnown ? String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) : "."
  }
}

/// What somebody who mistyped a name most likely meant.
enum Suggestion {
  static func nearest(to name: String, among names: [String]) -> String? {
    let lower = name.lowercased()
    let plain = lower.hasPrefix("outcry_") ? String(lower.dropFirst(7)) : lower
    let ranked = names.map { candidate -> (String, Int) in
      let own = candidate.lowercased()
      let bare = own.hasPrefix("outcry_") ? String(own.dropFirst(7)) : own
      return (candidate, distance(Array(plain.utf8), Array(bare.utf8)))
    }
    guard let best = ranked.min(by: { $0.1 < $1.1 }) else { return nil }
    return best.1 <= max(2, plain.utf8.count / 3) ? best.0 : nil
  }

  /// How many bytes must be changed, added or removed to turn one into the other.
  private static func distance(_ from: [UInt8], _ to: [UInt8]) -> Int {
    var row = Array(0...to.count)
    for (index, byte) in from.enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for (column, other) in to.enumerated() {
        let replaced = diagonal + (byte == other ? 0 : 1)
        diagonal = row[column + 1]
        row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
      }
    }
    return row[to.count]
  }
}
