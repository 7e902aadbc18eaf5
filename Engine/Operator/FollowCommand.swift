import Glibc
import Postgres
import Processes
import Settings
import Store
import Supervision

extension Commands {
  /// `symbols follow`.
  static func follow(_ place: Place, _ arguments: inout Arguments) throws {
    guard let name = arguments.operand(), let program = Files.resolved(name) else {
      throw Usage("follow whom? The path of a program that prints a number", for: "symbols")
    }
    try arguments.end()
    let settings = try place.settings(in: try place.existing())
    guard settings.isSharded else { throw Failure("there is only one shard, see `shards`") }
    var follower = ShardFollower(program: program, place: place, settings: settings)
    try follower.run()
  }
}

/// Keeps symbols in as many shards as a program says, which asks whoever runs the shards. It only
/// writes down how many there are, and starts `outcry symbols rebalance`; it remembers nothing that
/// it would miss after it was killed.
struct ShardFollower {
  private static let pauseMilliseconds: Int32 = 1000
  private static let patienceSeconds = 20
  private static let secondsAfterFailure = 5

  private let program: String
  private let place: Place
  private let settings: Settings
  private let log: Log
  private var connection: Connection?
  /// The process that moves symbols; zero when none does.
  private var mover: pid_t = 0
  private var notBefore = 0
  private var settled: Int?
  private var told: [Int] = []

  init(program: String, place: Place, settings: Settings) {
    self.program = program
    self.place = place
    self.settings = settings
    log = Log(role: "follow", level: settings.logLevel)
  }

  /// Until SIGTERM or SIGINT comes.
  mutating func run() throws {
    let signals = try SignalQueue([SIGTERM, SIGINT])
    while signals.next() == nil {
      do { try look() } catch {
        log.warning("cannot follow the number of shards", ["cause": "\(error)"])
        connection = nil
      }
      signals.wait(milliseconds: ShardFollower.pauseMilliseconds)
    }
    guard mover != 0 else { return }
    kill(mover, SIGTERM)
    waitpid(mover, nil, 0)
  }

  private mutating func look() throws {
    reap()
    let connection = try self.connection ?? Commands.connection(place)
    self.connection = connection
    let askedAt = try ShardCount.now(connection)
    let wanted = try number(ask([]))
    // All are being stopped: nothing has to go anywhere.
    guard wanted > 0 else { return try ShardCount.confirm(asOf: askedAt, connection) }
    let rebalance = Rebalance(settings: settings, connection: connection)
    // A shard that goes takes no more symbols at once, one that comes does when it is ready.
    var count = min(wanted, try rebalance.used())
    while count < min(wanted, settings.shardCount), rebalance.isReady(count) { count += 1 }
    try ShardCount.store(count, connection)
    try ShardCount.confirm(asOf: askedAt, connection)
    if told != [count, wanted] {
      log.info("shards take symbols", ["shards": count, "wanted": wanted])
      told = [count, wanted]
    }
    guard mover == 0 else { return }
    if try !rebalance.misplaced().isEmpty {
      settled = nil
      if time(nil) >= notBefore { try startMoving() }
    } else if count == wanted, settled != wanted {
      _ = try ask(["settled", "\(wanted)"])
      settled = wanted
    }
  }

  private mutating func startMoving() throws {
    let own = Files.linkTarget("/proc/self/exe") ?? "outcry"
    let words = ["symbols", "rebalance", "--json", "--state", place.statePath]
    var spawn = Spawn(
      command: [own] + words, environment: Settings.processEnvironment(), folder: ".",
      output: STDERR_FILENO)
    spawn.ownGroup = false
    mover = try spawn.start()
  }

  private mutating func reap() {
    var status: Int32 = 0
    guard mover != 0, waitpid(mover, &status, WNOHANG) == mover else { return }
    mover = 0
    if status != 0 { notBefore = time(nil) + ShardFollower.secondsAfterFailure }
  }

  private func number(_ text: String) throws -> Int {
    let words = text.split { $0 == " " || $0 == "\n" }
    guard words.count == 1, let number = Int(words[0]), number >= 0 else {
      throw Failure("\(program) says \"\(text)\", which is no number")
    }
    return number
  }

  /// What the program prints, errors included.
  private func ask(_ arguments: [String]) throws -> String {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw Failure("no pipe can be made") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(ends[0]) }
    let spawn = Spawn(
      command: [program] + arguments, environment: Settings.processEnvironment(), folder: ".",
      output: ends[1])
    let started = Result { try spawn.start() }
    close(ends[1])
    let pid = try started.get()
    let end = time(nil) + ShardFollower.patienceSeconds
    var text: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    var watched = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
    var isWhole = false
    while !isWhole, time(nil) < end, text.count < 1 << 16 {
      guard poll(&watched, 1, 1000) > 0 else { continue }
      let count = read(ends[0], &chunk, chunk.count)
      isWhole = count <= 0
      text += chunk[..<max(0, count)]
    }
    // Its group: one that hangs does so in something it has started. One that never stops talking
    // would wait for a reader for ever.
    if !isWhole { kill(-pid, SIGKILL) }
    var status: Int32 = 0
    waitpid(pid, &status, 0)
    let output = String(decoding: text, as: UTF8.self)
    guard status == 0 else { throw Failure("\(program) failed: \(output)") }
    return output
  }
}
