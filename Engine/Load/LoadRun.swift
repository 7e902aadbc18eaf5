import CShared
import Glibc

/// A run of a plan against an exchange: preparation, threads, results.
public struct LoadRun: Sendable {
  public let plan: Plan
  let target: Target
  /// Names accounts and orders of this run, so that they can be told from all others.
  public let name: String

  public init(_ plan: Plan, target: Target) {
    self.plan = plan
    self.target = target
    var random = SystemRandomNumberGenerator()
    name = "L" + String(UInt32.random(in: 0x1000_0000...UInt32.max, using: &random), radix: 36)
  }

  /// Somebody who wants to be told while it runs, and may want it to end early.
  public struct Watcher {
    /// Called about once a second with what happened since, and the seconds since the start.
    public var progress: (Interval, Double) -> Void
    public var note: (String) -> Void
    /// Waits so many milliseconds, less when the run shall end.
    public var wait: (Int32) -> Void
    public var isStopped: () -> Bool

    public init(
      progress: @escaping (Interval, Double) -> Void, note: @escaping (String) -> Void,
      wait: @escaping (Int32) -> Void, isStopped: @escaping () -> Bool
    ) {
      self.progress = progress
      self.note = note
      self.wait = wait
      self.isStopped = isStopped
    }
  }

  public struct Outcome: Sendable {
    public var result: LoadResult
    public var record: OrderRecord
  }

  public func run(_ watcher: Watcher) throws -> Outcome {
    raiseDescriptorLimit()
    let preparation = Preparation(plan, target: target, run: name, isStopped: watcher.isStopped)
    let markets = try preparation.markets()
    let (traders, registrations) = preparation.traders()
    var outcome = Outcome(result: LoadResult(plan, run: name), record: OrderRecord(run: name))
    outcome.result.registrations = registrations
    // Nobody to trade with is a result, not a reason to say nothing.
    guard !traders.isEmpty else { return outcome }
    try preparation.fill(markets, traders)
    guard let ramp = plan.ramp else {
      try once(plan, markets, traders, watcher, 0, &outcome)
      return outcome
    }
    var rate = ramp.start
    for number in 0..<ramp.mostSteps where !watcher.isStopped() {
      var step = plan
      step.ramp = nil
      step.pace = .open(rate: rate, spike: nil)
      step.seconds = ramp.stepSeconds
      step.warmUp = 0.5
      // What is late by more than this is late; the next step shall find an idle exchange.
      step.timeout = min(plan.timeout, 3)
      var own = Outcome(result: LoadResult(step, run: name), record: OrderRecord(run: name))
      try once(step, markets, traders, watcher, number, &own)
      let holds = outcome.result.add(step: own.result, ramp: ramp)
      outcome.record.entries += own.record.entries
      watcher.note(outcome.result.steps.last?.line ?? "")
      if !holds { break }
      rate *= ramp.factor
    }
    return outcome
  }

  /// One set of threads from start to end.
  private func once(
    _ plan: Plan, _ markets: [Market], _ traders: [Trader], _ watcher: Watcher, _ number: Int,
    _ outcome: inout Outcome
  ) throws {
    let gate = Gate()
    let generators = (0..<plan.threads).map { thread in
      Generator(
        plan, target: target, markets: markets, traders: traders, run: name,
        number: number * plan.threads + thread, part: thread, gate: gate)
    }
    let threads = generators.map { generator in LoadThread { generator.run() } }
    while gate.arrivals < generators.count { watcher.wait(5) }
    let start = Clock.nanos() + 20_000_000
    let processorTime = Clock.processorSeconds()
    gate.open(at: start)
    var second = 1
    while !threads.allSatisfy(\.isOver) {
      watcher.wait(100)
      if watcher.isStopped() { gate.stop() }
      let elapsed = Double(Clock.nanos() - start) / 1e9
      if elapsed >= Double(second) {
        second = Int(elapsed) + 1
        outcome.result.add(takeInterval(generators), at: elapsed, watcher)
      }
    }
    for thread in threads { thread.join() }
    outcome.result.add(
      takeInterval(generators), at: Double(Clock.nanos() - start) / 1e9, watcher)
    outcome.result.generatorSeconds += Clock.processorSeconds() - processorTime
    outcome.result.take(generators, measuredFrom: start + Int64(plan.warmUp * 1e9))
    for generator in generators { outcome.record.entries += generator.ledger.record }
  }

  private func takeInterval(_ generators: [Generator]) -> Interval {
    generators.reduce(into: Interval()) { $0 += $1.takeInterval() }
  }

  /// Ten thousand connections need as many descriptors.
  private func raiseDescriptorLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}
