import Glibc
import SharedMemory
import TestSupport

/// How long a symbol is without its engine: after an orderly end with a snapshot, after a kill with
/// a long journal to repeat, and as a client that keeps sending sees it.
final class RecoveryBenchmark {
  private static let levels: Int64 = 50_000

  private let harness: EngineHarness
  private let segment: SymbolSegment
  private let orders: Int
  private var placed: [UInt64] = []

  init(orders: Int) throws {
    self.orders = orders
    harness = try EngineHarness(postgres: TestPostgres())
    segment = try harness.segment()
    try start(snapshotEvery: 1_000_000_000)
  }

  /// Orders that rest, on up to 50,000 levels a side.
  func fill() throws {
    let start = Clock.monotonicNanos()
    for batch in 0..<orders / 1000 {
      let commands = (0..<1000).map { index in
        let number = Int64(batch * 1000 + index)
        let level = number / 2 % RecoveryBenchmark.levels
        return number % 2 == 0
          ? limit(.buy, 1, at: 100_000 - level, key: "o\(number)")
          : limit(.sell, 1, at: 100_001 + level, key: "o\(number)")
      }
      placed += try send(commands).map(\.order)
    }
    report("placed \(orders) orders in batches of 1,000", since: start)
    wait("tables written") { self.segment.projectedSequence >= self.segment.committedSequence }
  }

  func restartFromSnapshot() throws {
    let end = Clock.monotonicNanos()
    harness.engine?.kill(SIGTERM)
    guard harness.engine?.wait(within: 60) == .code(0) else { throw Failed(what: "orderly end") }
    report("orderly end with a snapshot", since: end)
    let begin = Clock.monotonicNanos()
    try start(snapshotEvery: 1_000_000_000)
    try expectAnswer()
    report("start from the snapshot of \(orders) open orders, to the first answer", since: begin)
  }

  /// As many commands again, none of them in a snapshot: cancels and new orders in turn.
  func trade() throws {
    let start = Clock.monotonicNanos()
    for batch in 0..<orders / 1000 {
      let commands = (0..<500).flatMap { index -> [Command] in
        let number = batch * 500 + index
        let price = 1 + Int64(number) % RecoveryBenchmark.levels
        return [
          cancel(placed[number], key: "c\(number)"),
          limit(.buy, 1, at: price, key: "n\(number)"),
        ]
      }
      _ = try send(commands)
    }
    report("\(orders) further commands", since: start)
    wait("tables written") { self.segment.projectedSequence >= self.segment.committedSequence }
  }

  func restartWithReplay() throws {
    harness.engine?.kill(SIGKILL)
    _ = harness.engine?.wait()
    let begin = Clock.monotonicNanos()
    try start(snapshotEvery: 1_000_000_000)
    try expectAnswer()
    report("start from the snapshot and \(orders) commands behind it", since: begin)
  }

  /// One client that always has one order under way, while the engine is killed ten times.
  func pauseUnderLoad() throws {
    var pauses: [Int64] = []
    for round in 0..<10 {
      let killAt = Clock.monotonicNanos() + 300_000_000
      var number = 0
      var longest: Int64 = 0
      var isKilled = false
      while Clock.monotonicNanos() < killAt + 3_000_000_000 {
        let begin = Clock.monotonicNanos()
        if !isKilled, begin >= killAt {
          isKilled = true
          harness.engine?.kill(SIGKILL)
          try start(snapshotEvery: 50_000)
        }
        number += 1
        _ = try harness.ask(limit(.buy, 1, at: 5, key: "p\(round)-\(number)"), of: segment)
        longest = max(longest, Clock.monotonicNanos() - begin)
      }
      pauses.append(longest)
    }
    pauses.sort()
    print("pause at a kill, ten kills: median \(pauses[5] / 1_000_000) ms,", terminator: " ")
    print("longest \(pauses[9] / 1_000_000) ms")
  }

  private func start(snapshotEvery: Int) throws {
    try harness.start(environment: ["OUTCRY_SNAPSHOT_EVERY": "\(snapshotEvery)"])
  }

  private func send(_ commands: [Command]) throws -> [Reply] {
    guard case .answered(let replies) = try harness.ask(commands, of: segment, within: 60) else {
      throw Failed(what: "a batch")
    }
    guard replies.allSatisfy({ $0.refusal == nil }) else { throw Failed(what: "an order") }
    return replies
  }

  private func expectAnswer() throws {
    let answer = try harness.ask([limit(.buy, 1, at: 1)], of: segment, within: 120)
    guard case .answered = answer else { throw Failed(what: "a start") }
  }

  private func wait(_ what: String, until condition: () -> Bool) {
    let start = Clock.monotonicNanos()
    guard eventually(within: 300, condition) else { preconditionFailure("never: \(what)") }
    report(what, since: start)
  }

  private func report(_ what: String, since start: Int64) {
    print("\(what): \((Clock.monotonicNanos() - start) / 1_000_000) ms")
  }
}

struct Failed: Error {
  let what: String
}
