import Glibc
import Load
import Processes
import Settings

extension Commands {
  static let load = Command(
    name: "load", summary: "send orders as many clients would, and measure the answers",
    help: """
      usage: outcry load PROFILE [OPTIONS]
             outcry load merge FILE… [--output FILE] [--expect LIST]

      \(Plan.profiles.map { "  \($0.profile.padded(to: 10))\($0.summary)" }.joined(separator: "\n"))

        --url URL          http://host:port; without it the exchange of --state, else port 8080
        --rate N           open: N requests a second whatever becomes of them; latency counts from
                           the moment a request is due, so a stall is seen by all it delayed
        --closed           each client sends again when it has its answer
        --seconds N        measured time          --warm-up N    seconds before, not measured
        --clients N        connections            --threads N    of this program (1)
        --accounts N       registered beforehand  --depth N      orders a side beforehand
        --symbols A,B      or `all`               --zipf S       1: skewed by rank, 0: evenly
        --batch N          orders a request       --market PART  0.3: so many market orders
        --spread N         limits at price +- N   --price N      the middle
        --timeout SECONDS  of a request           --seed N       the same load again
        --start N --factor F --step SECONDS --limit 50ms         of `ramp`
        --echo             the server answers a constant (outcry-worker --echo)
        --output FILE      the result as JSON, to be kept, compared or merged
        --expect LIST      "p99<20ms,errors=0": p50 p99.99 max mean errors refused unsent rate
                           order-rate requests orders knee
        --verify           looks for each acknowledged order in PostgreSQL (--database CONNECTION
                           or the one of --state): there exactly once?
        --quiet            no progress

      A refusal by a rule of the market (no_liquidity) is counted, but is no error. Exit status: 0;
      1 when it could not run; 2 when an expectation was missed or the database is wrong.

        outcry load exchange --verify --expect "p50<3ms,p99<20ms,errors=0"
      """
  ) { arguments in
    guard let name = arguments.operand() else {
      throw Usage("which profile?", for: "load")
    }
    if name == "merge" { return try merge(&arguments) }
    guard let plan = Plan.named(name) else {
      throw Usage("there is no profile \"\(name)\"", for: "load")
    }
    let request = try LoadRequest(plan, &arguments)
    let outcome = try request.run()
    try request.conclusion.tell(outcome.result)
  }

  private static func merge(_ arguments: inout Arguments) throws {
    let conclusion = try LoadConclusion(&arguments)
    _ = try Place(&arguments)  // every command takes its options
    var results: [LoadResult] = []
    while let path = arguments.operand() { results.append(try LoadFile.read(path)) }
    try arguments.end()
    guard !results.isEmpty else { throw Usage("which results?", for: "load") }
    try conclusion.tell(try LoadResult.merged(results))
  }
}

/// A load as it was asked for on the command line.
struct LoadRequest {
  var plan: Plan
  let url: String
  /// Of all shards, that of shard 0 first.
  let databases: [String]
  let isQuiet: Bool
  let conclusion: LoadConclusion

  init(_ plan: Plan, _ arguments: inout Arguments) throws {
    self.plan = plan
    conclusion = try LoadConclusion(&arguments)
    self.plan.keepsRecord = arguments.flag("--verify")
    self.plan.isEcho = arguments.flag("--echo")
    isQuiet = arguments.flag("--quiet")
    try self.plan.take(&arguments)
    let url = try arguments.option("--url")
    let database = try arguments.option("--database")
    // What the exchange of the state folder knows need not be said, nor what the environment of a
    // container does.
    let place = try Place(&arguments)
    let settings =
      try url == nil || self.plan.keepsRecord && database == nil
      ? (try? place.existing()).map { try place.settings(in: $0) } : nil
    self.url = url ?? "http://localhost:\(settings?.port ?? 8080)"
    databases = database.map { [$0] } ?? settings.map(LoadRequest.databases) ?? []
    try arguments.end()
    if self.plan.keepsRecord {
      guard !self.plan.isEcho else { throw Usage("an echo keeps no orders", for: "load") }
      guard !databases.isEmpty else {
        throw Usage("--verify needs --database, or an exchange in --state", for: "load")
      }
    }
  }

  private static func databases(_ settings: Settings) -> [String] {
    [settings.accounts]
      + (0..<settings.usedShards).dropFirst().compactMap(settings.database(ofShard:))
  }

  func run() throws -> LoadRun.Outcome {
    let signals = try SignalQueue([SIGINT, SIGTERM])
    var isStopped = false
    let progress = LoadProgress(isQuiet: isQuiet)
    let run = LoadRun(plan, target: try Target(url: url))
    progress.note("\(plan.profile): \(plan.summary)")
    var outcome = try run.run(
      LoadRun.Watcher(
        progress: { progress.show($0, at: $1) },
        note: { progress.note($0) },
        wait: { milliseconds in
          if !isStopped { signals.wait(milliseconds: milliseconds) }
          // The second time somebody asks, there is no more waiting for answers.
          if signals.next() != nil {
            if isStopped { exit(130) }
            isStopped = true
          } else if isStopped {
            usleep(UInt32(milliseconds) * 1000)
          }
        },
        isStopped: { isStopped }))
    progress.end()
    if plan.keepsRecord {
      progress.note("looking for \(outcome.record.entries.count) orders in PostgreSQL")
      outcome.result.verification = try OrderVerification(outcome.record, databases: databases)
    }
    return outcome
  }
}
