import API
import Glibc
import SharedMemory

/// How far each symbol's commands were told when a request came in. A page of history is read
/// when the tables are that far: so a read that follows an acknowledged write sees it.
struct ReadMark: Sendable {
  /// What is behind because something is being restarted or moved comes within this time.
  static let longestWait: Int64 = 3_000_000_000

  private var goals: [(segment: SymbolSegment, sequence: UInt64)] = []

  /// `awaitsArrival`: tables of which no engine has said anything here may be incomplete.
  init(_ markets: [Market], awaitsArrival: Bool = false) {
    for market in markets {
      guard let segment = market.segment else { continue }
      var told = segment.committedSequence
      if awaitsArrival, told == 0 { told = 1 }
      if segment.projectedSequence < told { goals.append((segment, told)) }
    }
  }

  /// The tables hold this command of the symbol.
  init(_ market: Market, through sequence: UInt64) {
    if let segment = market.segment { goals = [(segment, sequence)] }
  }

  /// The tables follow within milliseconds; an engine that is being restarted takes longer.
  func wait() throws(APIError) {
    try wait(until: Clock.monotonicNanos() + ReadMark.longestWait)
  }

  func wait(until end: Int64) throws(APIError) {
    for goal in goals {
      goal.segment.wantProjected(goal.sequence)
      while goal.segment.projectedSequence < goal.sequence {
        guard Clock.monotonicNanos() < end else {
          throw .unavailable("history_behind", "history is not up to date yet")
        }
        usleep(500)
      }
    }
  }
}
