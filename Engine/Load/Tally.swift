/// What one thread has counted.
struct Tally: Sendable {
  /// From when a request was due to its answer. What was given up or never sent is in here too,
  /// with the time it had waited by then: leaving it out would flatter the server.
  var latency: [LatencyHistogram]
  /// From when a request was sent, which is later than due when every client is busy.
  var service = LatencyHistogram()
  /// Requests that got an answer, good or bad.
  var answered: UInt64 = 0
  /// Orders that were acknowledged.
  var orders: UInt64 = 0
  var errors = Counts()
  /// Answers that say no to a well-formed request, by the API's code.
  var refused = Counts()
  /// Requests that were due and could not be sent because every client was busy to the end.
  var unsent: UInt64 = 0
  var lastAnswer: Int64 = 0

  init() { latency = Operation.allCases.map { _ in LatencyHistogram() } }

  static func += (left: inout Tally, right: Tally) {
    for index in left.latency.indices { left.latency[index] += right.latency[index] }
    left.service += right.service
    left.answered += right.answered
    left.orders += right.orders
    left.errors += right.errors
    left.refused += right.refused
    left.unsent += right.unsent
    left.lastAnswer = max(left.lastAnswer, right.lastAnswer)
  }
}

/// What happened since somebody asked last.
public struct Interval: Sendable {
  public internal(set) var latency = LatencyHistogram()
  public internal(set) var answered: UInt64 = 0
  public internal(set) var orders: UInt64 = 0
  public internal(set) var errors: UInt64 = 0
  public internal(set) var refused: UInt64 = 0

  static func += (left: inout Interval, right: Interval) {
    left.latency += right.latency
    left.answered += right.answered
    left.orders += right.orders
    left.errors += right.errors
    left.refused += right.refused
  }

  mutating func removeAll() {
    latency.removeAll()
    (answered, orders, errors, refused) = (0, 0, 0, 0)
  }
}

/// What this side knows about every order it sent under a client order id.
public struct OrderRecord: Sendable {
  public struct Entry: Sendable {
    /// Thread and number: "run.thread.number" is the client order id.
    public var thread: UInt32
    public var number: UInt64
    public var fate: Fate
  }

  public enum Fate: Equatable, Sendable {
    case acknowledged(id: UInt64)
    /// The exchange said that it did not take the order.
    case refused
    /// No answer, or one that leaves it open.
    case unknown
  }

  /// What the client order ids begin with.
  public var run: String
  public var entries: [Entry] = []

  public func key(_ entry: Entry) -> String { "\(run).\(entry.thread).\(entry.number)" }
}
