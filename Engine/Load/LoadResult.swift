/// What came of a run, or of several merged.
public struct LoadResult: Sendable {
  public static let format = "outcry-load-1"

  public internal(set) var profile: String
  public internal(set) var runs: [String]
  /// Requests a second that were asked for; nil for a closed pace.
  public internal(set) var offered: Double?
  public internal(set) var clients: Int
  /// How long it took until the last answer, at least as long as was planned.
  public internal(set) var seconds = 0.0
  public internal(set) var startedAt: Double
  public internal(set) var operations: [String: LatencyHistogram] = [:]
  public internal(set) var service = LatencyHistogram()
  public internal(set) var answered: UInt64 = 0
  public internal(set) var orders: UInt64 = 0
  public internal(set) var unsent: UInt64 = 0
  public internal(set) var errors = Counts()
  public internal(set) var refused = Counts()
  public internal(set) var registrations = Registrations()
  public internal(set) var timeline: [Moment] = []
  public internal(set) var steps: [Step] = []
  public var verification: OrderVerification?
  /// Processor time of the load generator, and on how many threads.
  public internal(set) var generatorSeconds = 0.0
  public internal(set) var threads: Int
  public internal(set) var machines: [Machine]

  /// One second of a run.
  public struct Moment: Equatable, Sendable {
    public var second: Double
    public var answered: UInt64
    public var errors: UInt64
    /// Nanoseconds.
    public var p50: Int64
    public var p99: Int64
    public var max: Int64
  }

  /// One step of a ramp.
  public struct Step: Equatable, Sendable {
    public var offered: Double
    public var achieved: Double
    public var errors: UInt64
    public var holds: Bool
    public var latency: LatencyHistogram

    public var line: String {
      let p50 = (Double(latency.quantile(0.5)) / 1e6).fixed(2)
      let p99 = (Double(latency.quantile(0.99)) / 1e6).fixed(2)
      return "\(offered.fixed(0))/s offered, \(achieved.fixed(0))/s answered, "
        + "p50 \(p50) ms, p99 \(p99) ms, \(errors) errors: \(holds ? "holds" : "broken")"
    }
  }

  init(_ plan: Plan, run: String) {
    profile = plan.profile
    runs = [run]
    clients = plan.clients
    threads = plan.threads
    startedAt = Clock.wallSeconds()
    machines = [Machine.this]
    if case .open(let rate, let spike) = plan.pace, plan.ramp == nil {
      let extra = spike.map { ($0.factor - 1) * $0.length / $0.period } ?? 0
      offered = rate * (1 + extra)
    }
  }

  public var latency: LatencyHistogram { operations.values.reduce(into: .init(), +=) }

  /// Requests that were due: answered, lost or never sent.
  public var requests: UInt64 { latency.count }

  /// What was not answered as the API promises; a refusal by a rule of the market is no error.
  public var errorCount: UInt64 { errors.total + unsent + registrations.failed.total }

  /// Answers a second.
  public var rate: Double { seconds > 0 ? Double(answered) / seconds : 0 }

  /// Acknowledged orders a second.
  public var orderRate: Double { seconds > 0 ? Double(orders) / seconds : 0 }

  /// The highest rate of a ramp that kept its limit.
  public var knee: Double? { steps.filter(\.holds).map(\.offered).max() }

  /// Whether the load generator itself had hardly any time left, so that the figures are its own.
  public var generatorWasBusy: Bool {
    seconds > 0 && generatorSeconds > 0.85 * seconds * Double(threads)
  }

  mutating func take(_ generators: [Generator], measuredFrom: Int64) {
    let tally = generators.reduce(into: Tally()) { $0 += $1.ledger.tally }
    for operation in Operation.allCases {
      let latency = tally.latency[operation.rawValue]
      if !latency.isEmpty { operations[operation.name, default: .init()] += latency }
    }
    service += tally.service
    answered += tally.answered
    orders += tally.orders
    unsent += tally.unsent
    errors += tally.errors
    refused += tally.refused
    let measured = generators.map(\.measuredNanos).max() ?? 0
    seconds += Double(max(measured, tally.lastAnswer - measuredFrom)) / 1e9
  }

  mutating func add(_ interval: Interval, at second: Double, _ watcher: LoadRun.Watcher) {
    guard interval.answered + interval.errors > 0 else { return }
    timeline.append(
      Moment(
        second: second, answered: interval.answered, errors: interval.errors,
        p50: interval.latency.quantile(0.5), p99: interval.latency.quantile(0.99),
        max: interval.latency.max))
    watcher.progress(interval, second)
  }

  /// Returns whether the step kept the ramp's limit.
  mutating func add(step: LoadResult, ramp: Plan.Ramp) -> Bool {
    let latency = step.latency
    let offered = step.offered ?? 0
    let holds =
      Double(latency.quantile(ramp.quantile)) < ramp.limitNanos && step.errorCount == 0
      && step.rate > 0.95 * offered
    steps.append(
      Step(
        offered: offered, achieved: step.rate, errors: step.errorCount, holds: holds,
        latency: latency))
    let offset = seconds
    timeline += step.timeline.map { moment in
      var moment = moment
      moment.second += offset
      return moment
    }
    addCounts(of: step)
    seconds += step.seconds
    return holds
  }

  mutating func addCounts(of other: LoadResult) {
    operations.merge(other.operations) { left, right in
      var sum = left
      sum += right
      return sum
    }
    service += other.service
    answered += other.answered
    orders += other.orders
    unsent += other.unsent
    errors += other.errors
    refused += other.refused
    registrations += other.registrations
    generatorSeconds += other.generatorSeconds
  }
}
