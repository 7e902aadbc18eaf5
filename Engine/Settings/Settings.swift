/// What every program of the exchange reads from its environment. All of it is optional: the
/// defaults are those of a fresh set-up, and `outcry up` passes the real values to what it starts.
public struct Settings: Hashable, Sendable {
  /// Prefixes every shared-memory segment, so that two exchanges fit on one host.
  public var instance = "outcry"
  /// A libpq connection string; what it leaves out libpq takes from PGHOST and friends.
  public var database = "dbname=outcry"
  public var redis = Address.tcp(host: "127.0.0.1", port: 6379)
  /// Where the workers accept FastCGI connections, unless a socket was handed down to them.
  public var listen = Address.unix(path: ".outcry/run/workers.sock")
  /// Worker processes.
  public var workers = 2
  /// Master key that API secrets are encrypted with.
  public var secretFile = ".outcry/secret"
  /// Holds the key of the admin calls; without the file they are refused.
  public var adminKeyFile = ".outcry/admin-key"
  /// Where `outcry up` keeps everything of one exchange.
  public var stateDirectory = ".outcry"
  /// Where nginx answers.
  public var port: UInt16 = 8080
  /// How long a request may take, from the worker's first look at it to the answer.
  public var requestDeadlineMilliseconds = 5000
  /// An engine stores a snapshot of its state after so many commands.
  public var snapshotEvery = 500_000
  /// How many commands the journal keeps behind the oldest snapshot; 0: all of them. What is
  /// forgotten can be neither verified nor replayed, and must be older than any idempotency key.
  public var journalKeep = 0
  public var logLevel = Log.Level.info

  public init() {}

  /// Everything that is wrong, not only the first of it: a deployment is corrected in one go.
  public struct Problems: Error, Hashable, CustomStringConvertible {
    public var list: [String]
    public var description: String { list.joined(separator: "\n") }
  }

  public init(environment: [String: String]) throws(Problems) {
    var reader = Reader(environment: environment)
    reader.text("OUTCRY_STATE_DIR", into: &stateDirectory)
    listen = .unix(path: "\(stateDirectory)/run/workers.sock")
    secretFile = "\(stateDirectory)/secret"
    adminKeyFile = "\(stateDirectory)/admin-key"

    reader.read("OUTCRY_INSTANCE", into: &instance, "1 to 40 of a-z A-Z 0-9 _ -") {
      Settings.isInstanceName($0) ? $0 : nil
    }
    reader.text("OUTCRY_DATABASE", into: &database)
    reader.read("OUTCRY_REDIS", into: &redis, "host:port or the path of a socket") { Address($0) }
    reader.read("OUTCRY_LISTEN", into: &listen, "host:port or the path of a socket") {
      Address($0)
    }
    reader.number("OUTCRY_WORKERS", into: &workers, 1...64)
    reader.text("OUTCRY_SECRET_FILE", into: &secretFile)
    reader.text("OUTCRY_ADMIN_KEY_FILE", into: &adminKeyFile)
    reader.number("OUTCRY_PORT", into: &port, 1...65535)
    reader.number(
      "OUTCRY_REQUEST_DEADLINE_MS", into: &requestDeadlineMilliseconds, 10...60_000)
    reader.number("OUTCRY_SNAPSHOT_EVERY", into: &snapshotEvery, 1000...1_000_000_000)
    reader.read(
      "OUTCRY_JOURNAL_KEEP", into: &journalKeep, "0 for everything, or at least 1048576"
    ) { text in Int(text).flatMap { $0 == 0 || $0 >= 1 << 20 ? $0 : nil } }
    reader.read("OUTCRY_LOG_LEVEL", into: &logLevel, "debug, info, warning or error") {
      Log.Level(name: $0)
    }
    guard reader.problems.isEmpty else { throw Problems(list: reader.problems) }
  }

  /// A dot ends the name in that of a segment, so it may not stand inside.
  public static func isInstanceName(_ text: String) -> Bool {
    (1...40).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"),
          UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }
}

/// Takes settings one by one and keeps what is wrong with them.
private struct Reader {
  let environment: [String: String]
  var problems: [String] = []

  init(environment: [String: String]) { self.environment = environment }

  /// An empty variable counts as unset: that is how compose files and unit files clear one.
  mutating func read<Value>(
    _ name: String, into value: inout Value, _ expected: String,
    _ parse: (String) -> Value?
  ) {
    guard let text = environment[name], !text.isEmpty else { return }
    if let parsed = parse(text) {
      value = parsed
    } else {
      problems.append("\(name) is \"\(text)\"; it must be \(expected)")
    }
  }

  mutating func text(_ name: String, into value: inout String) {
    read(name, into: &value, "a text") { $0 }
  }

  mutating func number<Value: FixedWidthInteger>(
    _ name: String, into value: inout Value, _ range: ClosedRange<Value>
  ) {
    read(name, into: &value, "a number from \(range.lowerBound) to \(range.upperBound)") { text in
      Value(text).flatMap { range.contains($0) ? $0 : nil }
    }
  }
}
