/// One stream's messages on their way to nginx. What arrives while the one before is under way, or
/// while the stream has its rest, goes out together: trades all of them, of the book what each
/// level shows at last, of a state the newest.
package final class Lane {
  package enum Kind { case trades, book, ticker, candles }

  let channel: [UInt8]
  let kind: Kind
  let symbol: String
  /// Whether the relay has it on its list of those with something to say.
  var isListed = false
  var isUnderWay = false
  /// `monotonicNanoseconds()` before which nothing more is sent.
  package private(set) var restsUntil: Int64 = 0
  /// When it says where it is, if nothing happens until then.
  package private(set) var repeatsAt: Int64 = .max

  /// Who heard the last message.
  private(set) var subscribers = 0

  private var waiting: [Payload] = []
  private var waitingBytes = 0
  /// The last sequence that subscribers know of; 0 when nothing was sent yet.
  private var position: UInt64 = 0
  /// The last message was a repetition.
  private var isQuiet = false
  /// The last sequence that came; 0 when the next message may begin anywhere.
  private var received: UInt64 = 0

  /// What may wait while nginx is away.
  private static let mostWaiting = 1 << 20
  private static let longestMessage = 256 << 10
  /// One message to one subscriber costs nginx some microseconds; this leaves it most of a core.
  private static let restPerSubscriber: Int64 = 40_000
  /// A message costs much the same however much is in it, so a busy market's are fewer and longer.
  private static let shortestRest: Int64 = 20_000_000
  private static let longestRest: Int64 = 50_000_000
  private static let unheardRest: Int64 = 100_000_000
  private static let firstRepeat: Int64 = 5_000_000_000
  private static let laterRepeat: Int64 = 15_000_000_000

  package init(channel: [UInt8], kind: Kind, symbol: String) {
    self.channel = channel
    self.kind = kind
    self.symbol = symbol
  }

  package var isEmpty: Bool { waiting.isEmpty }

  package enum Place { case next, afterHole, late }

  /// Whether a message follows on from those before. Where there are several ways from an engine
  /// to here, as in a cluster, one may get lost, or come when others have said what it says.
  package func place(_ payload: Payload) -> Place {
    let covered: (first: UInt64, last: UInt64)
    switch payload.kind {
    case .state: return .next
    case .snapshot(let sequence):
      received = sequence
      return .next
    case .gap(let first, let last), .stretch(let first, let last): covered = (first, last)
    }
    // An engine that begins says a gap from the first sequence on.
    if received == 0 || covered.first <= 1 {
      received = covered.last
      return .next
    }
    if covered.last < received { return .late }
    defer { received = covered.last }
    return covered.first > received + 1 ? .afterHole : .next
  }

  package func forgetPlace() { received = 0 }

  /// False when too much waits: everything is dropped then, and subscribers must be told.
  package func add(_ payload: Payload) -> Bool {
    // Whatever the book did before a snapshot is in it.
    if case .snapshot = payload.kind { removeAll() }
    if case .state = payload.kind, let last = waiting.last, last.kind == payload.kind {
      waiting[waiting.count - 1] = payload
      return true
    }
    waiting.append(payload)
    waitingBytes += payload.bytes.count
    guard waitingBytes <= Lane.mostWaiting || waiting.count == 1 else {
      removeAll()
      return false
    }
    return true
  }

  func removeAll() {
    waiting.removeAll(keepingCapacity: true)
    waitingBytes = 0
  }

  /// Writes the next message; there must be something waiting.
  package func take(into body: inout [UInt8]) {
    open(&body)
    isQuiet = false
    var count = 1
    if kind == .trades || kind == .book {
      var length = waiting[0].bytes.count
      while count < waiting.count, waiting[count - 1].isFollowed(by: waiting[count]),
        length < Lane.longestMessage
      {
        length += waiting[count].bytes.count
        count += 1
      }
    }
    switch waiting[count - 1].kind {
    case .stretch(_, let last), .gap(_, let last), .snapshot(let last): position = last
    case .state: break
    }
    if count == 1 {
      body += waiting[0].bytes
    } else if kind == .trades {
      Merge.trades(waiting[..<count], into: &body)
    } else {
      Merge.book(waiting[..<count], into: &body)
    }
    body.append(UInt8(ascii: "}"))
    for payload in waiting[..<count] { waitingBytes -= payload.bytes.count }
    waiting.removeFirst(count)
  }

  /// Writes a message without content that says how far the stream is: whoever missed the one
  /// before sees it by that. False for streams that have no sequence.
  package func takePosition(into body: inout [UInt8]) -> Bool {
    guard position > 0, kind == .trades || kind == .book else { return false }
    open(&body)
    isQuiet = true
    let lists = kind == .trades ? "\"trades\":[]" : "\"bids\":[],\"asks\":[]"
    body += Array(
      """
      {"symbol":"\(symbol)","firstSequence":\(position + 1),"lastSequence":\(position),\(lists)}}
      """.utf8)
    return true
  }

  private func open(_ body: inout [UInt8]) {
    body.removeAll(keepingCapacity: true)
    body += Array("{\"stream\":\"".utf8)
    body += channel
    body += Array("\",\"data\":".utf8)
  }

  /// The more subscribers, the longer the rest until the next message, and the more it says.
  package func finished(subscribers: Int, at now: Int64) {
    isUnderWay = false
    self.subscribers = subscribers
    let rest = Int64(subscribers) * Lane.restPerSubscriber
    restsUntil =
      now
      + (subscribers == 0
        ? Lane.unheardRest : min(max(rest, Lane.shortestRest), Lane.longestRest))
    repeatsAt = now + (isQuiet ? Lane.laterRepeat : Lane.firstRepeat)
  }
}
