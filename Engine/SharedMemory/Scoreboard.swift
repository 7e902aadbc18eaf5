import Glibc
import Synchronization

public enum Role: UInt32, Sendable, CaseIterable {
  case poolMaster = 1
  case worker
  case manager
  case engine
  case projection
  case publisher
  case feed
  case supervisor
}

public enum Stage: UInt32, Sendable, CaseIterable {
  case starting = 1
  case recovering
  case idle
  case working
  case committing
  case retrying
  case draining
  case stopped
}

/// A thread's own line on the scoreboard. One thread writes it.
public struct Score: @unchecked Sendable {
  let entry: UnsafeMutablePointer<outcry_score>
  let index: Int
  let segment: Segment

  public func set(_ stage: Stage) { entry.pointee.stage = stage.rawValue }

  /// Shows people and metrics that the thread is alive; nothing depends on it.
  public func beat() { entry.pointee.heartbeat = Clock.wallMicros() }

  public func set(counter: Int, to value: UInt64) {
    word(counter).pointee.store(value, ordering: .relaxed)
  }

  /// Not a read-modify-write: the owner is the only writer.
  public func add(counter: Int, _ amount: UInt64 = 1) {
    let word = word(counter)
    let sum = word.pointee.load(ordering: .relaxed) &+ amount
    word.pointee.store(sum, ordering: .relaxed)
  }

  /// For the line that stands for a whole process.
  func set(residentBytes: UInt64) { entry.pointee.resident_bytes = residentBytes }

  /// Gives the line back, for tests and an orderly end.
  public func abandon() { segment.unlock(Int64(OUTCRY_LOCK_SCOREBOARD) + Int64(index)) }

  private func word(_ counter: Int) -> Word64 {
    precondition(counter >= 0 && counter < 8, "a score has 8 counters")
    let offset = MemoryLayout<outcry_score>.offset(of: \.counters)! + counter * 8
    return UnsafeMutableRawPointer(entry).word64(offset)
  }
}

/// What the scoreboard says about one thread.
public struct ScoreReading: Sendable {
  public let role: Role?
  public let stage: Stage?
  public let processID: Int32
  public let threadID: Int32
  public let symbolID: UInt32
  public let number: UInt32
  public let startedAt: Int64
  public let heartbeat: Int64
  public let counters: [UInt64]
  /// Of its process; 0 on lines that do not stand for all of it.
  public let residentBytes: UInt64
  /// Whether the process lives, wherever it runs: its lock says so.
  public let isAlive: Bool
}

extension ExchangeSegment {
  /// A line for the calling thread; nil when all are in use. Lines of the dead are used again.
  public func claimScore(_ role: Role, symbolID: UInt32 = 0, number: UInt32 = 0)
    throws(SegmentError) -> Score?
  {
    for index in 0..<Int(OUTCRY_SCORES) {
      let byte = Int64(OUTCRY_LOCK_SCOREBOARD) + Int64(index)
      guard try segment.tryLock(byte) else { continue }
      let length = MemoryLayout<outcry_score>.stride
      do throws(SegmentError) {
        try segment.reserve(
          offset: Int(OUTCRY_EXCHANGE_SCORES) + index * length, length: length)
      } catch {
        segment.unlock(byte)
        throw error
      }
      var fresh = outcry_score()
      fresh.role = role.rawValue
      fresh.stage = Stage.starting.rawValue
      fresh.pid = UInt32(getpid())
      fresh.tid = UInt32(outcry_thread_id())
      fresh.symbol_id = symbolID
      fresh.number = number
      fresh.started_at = Clock.wallMicros()
      fresh.heartbeat = fresh.started_at
      score(index).pointee = fresh
      scoreCount.pointee.max(UInt32(index + 1), ordering: .releasing)
      return Score(entry: score(index), index: index, segment: segment)
    }
    return nil
  }

  /// Every line ever used. The dead ones show how their owner ended.
  public func scores() -> [ScoreReading] {
    var readings: [ScoreReading] = []
    let used = min(Int(scoreCount.pointee.load(ordering: .acquiring)), Int(OUTCRY_SCORES))
    for index in 0..<used {
      let seen = score(index).pointee
      if seen.role == 0 { continue }
      let counters = seen.counters
      readings.append(
        ScoreReading(
          role: Role(rawValue: seen.role), stage: Stage(rawValue: seen.stage),
          processID: Int32(bitPattern: seen.pid), threadID: Int32(bitPattern: seen.tid),
          symbolID: seen.symbol_id, number: seen.number, startedAt: seen.started_at,
          heartbeat: seen.heartbeat,
          counters: withUnsafeBytes(of: counters) { Array($0.bindMemory(to: UInt64.self)) },
          residentBytes: seen.resident_bytes,
          isAlive: segment.isLocked(Int64(OUTCRY_LOCK_SCOREBOARD) + Int64(index))))
    }
    return readings
  }

  private var scoreCount: Word32 { segment.base.word32(Int(OUTCRY_EXCHANGE_SCORE_COUNT)) }

  private func score(_ index: Int) -> UnsafeMutablePointer<outcry_score> {
    (segment.base + Int(OUTCRY_EXCHANGE_SCORES)).assumingMemoryBound(to: outcry_score.self)
      + index
  }
}
