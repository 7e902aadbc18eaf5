import Foundation
import Settings
import TestSupport
import Testing

@Suite("The configuration")
struct ConfigurationTests {
  private let folder = TemporaryFolder("config")

  private func load(_ text: String, _ environment: [String: String] = [:]) throws -> Configuration {
    let path = folder.file("outcry.conf")
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return try Configuration.load(environment: environment.merging(["OUTCRY_CONFIG": path]) { $1 })
  }

  private func problems(_ text: String, _ environment: [String: String] = [:]) -> [String] {
    do { _ = try load(text, environment) } catch {
      let path = folder.file("outcry.conf")
      let list = (error as? Settings.Problems)?.list ?? []
      return list.map { $0.replacingOccurrences(of: path, with: "FILE") }
    }
    return []
  }

  @Test("the environment comes before the file, the file before the default")
  func precedence() throws {
    let found = try load(
      """
      # a comment
        workers = 2-16
      port=9000

      database = host=db password=a=b#c
      """, ["OUTCRY_PORT": "9001"])
    #expect(found.settings.workers == WorkerCount(2, to: 16))
    #expect(found.settings.port == 9001)
    #expect(found.settings.database == "host=db password=a=b#c")
    #expect(found.source(of: "workers") == .file(line: 2))
    #expect(found.source(of: "port") == .environment)
    #expect(found.source(of: "redis") == .standard)
  }

  @Test("all problems of file and environment are told at once, each with its place")
  func allProblems() {
    let text = """
      workers = none
      wrokers = 3
      nonsense
      port = 1
      port = 2
      redis =
      state_dir = /x
      """
    let found = problems(text, ["OUTCRY_LOG_LEVEL": "loud", "OUTCRY_PROT": "1"])
    #expect(found.count == 8, "\(found)")
    for expected in [
      #"FILE:1: workers is "none"; it must be a number from 1 to 64, "#
        + "or a range of two such as 2-16",
      #"FILE:2: there is no setting "wrokers"; did you mean workers?"#,
      #"FILE:3: a line is "name = value", not "nonsense""#,
      "FILE:5: port stands in line 4 already",
      "FILE:6: redis has no value; without the line the default holds",
      "FILE:7: only the environment can say it, as OUTCRY_STATE_DIR",
      #"OUTCRY_LOG_LEVEL is "loud"; it must be debug, info, warning or error"#,
      "there is no setting OUTCRY_PROT; did you mean OUTCRY_PORT?",
    ] { #expect(found.contains(expected), "\(expected) in \(found)") }
  }

  @Test("a file that was named must be there; the one in the state folder may be")
  func missingFile() throws {
    #expect(throws: Settings.Problems.self) {
      try Configuration.load(environment: ["OUTCRY_CONFIG": folder.file("nowhere")])
    }
    let state = ["OUTCRY_STATE_DIR": folder.file("state")]
    #expect(try Configuration.load(environment: state).file == nil)
    try FileManager.default.createDirectory(
      atPath: folder.file("state"), withIntermediateDirectories: true)
    try "workers = 5\n".write(
      toFile: folder.file("state/outcry.conf"), atomically: true, encoding: .utf8)
    #expect(try Configuration.load(environment: state).settings.workers == 5)
  }

  @Test("a relative path begins at the folder of the file that names it")
  func relativePaths() throws {
    let found = try load("secret_file = keys/a\nlisten = ./w\nredis = host:1")
    #expect(found.settings.secretFile == folder.file("keys/a"))
    #expect(found.settings.listen == .unix(path: folder.file("./w")))
    #expect(found.settings.redis == [.tcp(host: "host", port: 1)])
  }

  @Test("what Kubernetes and the programs themselves set is no mistake")
  func foreignVariables() throws {
    _ = try Configuration.load(environment: [
      "OUTCRY_SERVICE_HOST": "10.0.0.1", "OUTCRY_SERVICE_PORT_HTTP": "80",
      "OUTCRY_PORT_8080_TCP_ADDR": "10.0.0.1", "OUTCRY_MASTER_PID": "1", "OUTCRIES": "2",
    ])
  }

  @Test(
    "passwords are not shown",
    arguments: [
      ("host=x password=secret user=y", "host=x password=*** user=y"),
      ("password = 'a \\' secret' host=x", "password=*** host=x"),
      ("postgresql://me:secret@host:1/db?sslmode=on", "postgresql://me:***@host:1/db?sslmode=on"),
      ("postgresql://host/db?password=secret&a=b", "postgresql://host/db?password=***&a=b"),
      ("host=x sslpassword=secret", "host=x sslpassword=***"),
      ("postgresql://host:5432/db", "postgresql://host:5432/db"),
    ])
  func passwords(text: String, shown: String) throws {
    let settings = try Settings(environment: ["OUTCRY_DATABASE": text])
    #expect(Settings.setting(named: "database")?.shown(settings) == shown)
  }

  @Test("a number of workers is a number or a range", arguments: ["1", "64", "2-16", "7-64"])
  func workerCounts(text: String) throws {
    let count = try #require(WorkerCount(text))
    #expect(count.description == text)
    #expect(WorkerCount(packed: count.packed) == count)
  }

  @Test("and nothing else", arguments: ["", "0", "65", "3-2", "1-65", "-3", "3-", "1-2-3", "x"])
  func noWorkerCounts(text: String) { #expect(WorkerCount(text) == nil) }

  @Test(
    "only addresses and networks can be trusted",
    arguments: [
      ("none", true), ("10.0.0.0/8 ::1", true), ("fd00::/8", true), ("10.0.0.0/33", false),
      ("localhost", false), ("1.2.3.4;", false), ("1.2.3.4/", false),
    ])
  func networks(text: String, isRight: Bool) {
    let settings = try? Settings(environment: ["OUTCRY_TRUSTED_ADDRESSES": text])
    #expect((settings != nil) == isRight)
  }
}

@Suite("What is written about settings")
struct WrittenSettingsTests {
  private func text(_ path: String) throws -> String {
    let top = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
    return try String(contentsOf: top.appending(path: path).standardized, encoding: .utf8)
  }

  @Test("the README's table says what the code says")
  func readme() throws {
    let rows = try text("README.md").split(separator: "\n").map(String.init)
      .filter { $0.hasPrefix("| `OUTCRY_") }
    #expect(rows == Settings.tableRows, "\n\(Settings.tableRows.joined(separator: "\n"))\n")
  }

  @Test("the example file is what `outcry config example` prints, and is a right file")
  func example() throws {
    let example = try text("outcry.conf.example")
    #expect(example == Settings.exampleFile)
    // Every default is a value that could be given.
    let folder = TemporaryFolder("config")
    let lines = example.split(separator: "\n").map(String.init)
    let given = lines.filter { $0.hasPrefix("#") && !$0.hasPrefix("# ") && !$0.hasSuffix("=") }
    let path = folder.file("outcry.conf")
    try given.map { $0.dropFirst() + "\n" }.joined()
      .write(toFile: path, atomically: true, encoding: .utf8)
    let found = try Configuration.load(environment: ["OUTCRY_CONFIG": path]).settings
    var expected = Settings()
    expected.configurationFile = path
    #expect(found == expected)
    #expect(given.count > 15)
  }
}
