import FastCGI
import SharedMemory
import Synchronization

/// A request whose commands are with an engine.
struct PendingRequest {
  enum Task {
    case place, cancel, amend
    /// Cancels all open orders of the account in one symbol.
    case cancelAll
    /// What an operator does to the symbol.
    case control(CommandKind)
    case part(BatchPart)
  }

  let request: Request
  let mailbox: Mailbox
  let market: Market
  let task: Task
  let account: UInt64
  /// Its symbol was at this shard when it was posted.
  let wasOwn: Bool
  /// CLOCK_MONOTONIC nanoseconds at which the client gets an answer in any case.
  let deadline: Int64
}

/// The waiting requests, by mailbox. Whoever has a mailbox fills its place; from then on it
/// belongs to the completion thread, which alone empties it.
///
/// A bitmap says which places are filled, so that the completion thread looks only at these.
final class PendingTable: @unchecked Sendable {
  private static let capacity = Int(OUTCRY_MAILBOXES)
  private static let wordCount = (capacity + 63) / 64

  private let places: UnsafeMutablePointer<PendingRequest>
  private let words: UnsafeMutablePointer<Atomic<UInt64>>

  init() {
    places = .allocate(capacity: PendingTable.capacity)
    words = .allocate(capacity: PendingTable.wordCount)
    for index in 0..<PendingTable.wordCount { (words + index).initialize(to: Atomic(0)) }
  }

  deinit {
    forEach { index, _ in _ = take(index) }
    words.deallocate()
    places.deallocate()
  }

  /// To be called when the mailbox is posted and before it is pushed: then the answer, however
  /// fast, finds its request.
  func put(_ pending: PendingRequest) {
    let index = pending.mailbox.index
    (places + index).initialize(to: pending)
    words[index >> 6].bitwiseOr(1 << UInt64(index & 63), ordering: .releasing)
  }

  /// Calls with every waiting request. Only the completion thread may.
  func forEach(_ body: (Int, UnsafePointer<PendingRequest>) -> Void) {
    for word in 0..<PendingTable.wordCount {
      var bits = words[word].load(ordering: .acquiring)
      while bits != 0 {
        let index = word << 6 + bits.trailingZeroBitCount
        bits &= bits - 1
        body(index, UnsafePointer(places + index))
      }
    }
  }

  /// Only the completion thread may.
  func take(_ index: Int) -> PendingRequest {
    words[index >> 6].bitwiseAnd(~(1 << UInt64(index & 63)), ordering: .relaxed)
    return (places + index).move()
  }

  var count: Int {
    (0..<PendingTable.wordCount).reduce(0) {
      $0 + words[$1].load(ordering: .relaxed).nonzeroBitCount
    }
  }
}
