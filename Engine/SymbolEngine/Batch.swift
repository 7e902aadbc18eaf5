import SharedMemory
import Wire

/// What was matched between two commits: the commands to be journalled with their
/// events, and the answers that must not leave before they are.
///
/// Three of these take turns: one is filled, one is being committed, one is being told about.
final class Batch {
  /// One request, which waits for its answers.
  struct Request {
    var taken: TakenRequest
    var answerCount: Int
  }

  static let commandCapacity = 4096

  /// Accepted commands in the order of their sequence. In place until the next `removeAll`.
  private let storage: UnsafeMutablePointer<Command>
  /// As in `Matcher`: unchecked, for one thread alone fills, sends and tells.
  @exclusivity(unchecked) private(set) var commandCount = 0
  @exclusivity(unchecked) private(set) var events: [Event] = []
  /// For each accepted command, where its events end.
  @exclusivity(unchecked) private(set) var eventEnds: [Int] = []

  @exclusivity(unchecked) private(set) var requests: [Request] = []
  /// Answers of all requests in a row, and behind each other the fills of those answers.
  @exclusivity(unchecked) private(set) var answers: [Answer] = []
  @exclusivity(unchecked) private(set) var fills: [Fill] = []

  /// The first ring position that was not looked at yet.
  @exclusivity(unchecked) var ringPosition: UInt64 = 0
  /// When it was known to be durable, CLOCK_MONOTONIC nanoseconds; 0 when nothing had to be.
  var durableNanos: Int64 = 0
  /// How the market stands after all of it.
  var market = Market()
  /// Requests that a dead engine answered without ringing for them.
  @exclusivity(unchecked) var bells: WorkerBells
  @exclusivity(unchecked) private var hasReading = false

  init(bells: WorkerBells) {
    self.bells = bells
    storage = .allocate(capacity: Batch.commandCapacity)
    events.reserveCapacity(2 * Batch.commandCapacity)
    eventEnds.reserveCapacity(Batch.commandCapacity)
    requests.reserveCapacity(Batch.commandCapacity)
    answers.reserveCapacity(Batch.commandCapacity)
    fills.reserveCapacity(Batch.commandCapacity)
  }

  deinit { storage.deallocate() }

  var commands: UnsafeBufferPointer<Command> {
    UnsafeBufferPointer(start: storage, count: commandCount)
  }

  /// Nothing was read from the ring and nothing happened by itself.
  var isEmpty: Bool { !hasReading && commandCount == 0 }

  /// Whether the largest request and one command of the engine's own still fit.
  var hasRoom: Bool {
    commandCount + Int(OUTCRY_LARGE_COMMANDS) + 1 <= Batch.commandCapacity
      && answers.count + Int(OUTCRY_LARGE_COMMANDS) <= Batch.commandCapacity
  }

  func noteReading(through position: UInt64) {
    hasReading = true
    ringPosition = position + 1
  }

  func append(_ request: TakenRequest) {
    requests.append(Request(taken: request, answerCount: 0))
  }

  /// Adds an accepted command with what it caused.
  func append(_ command: Command, events added: UnsafeBufferPointer<Event>) {
    precondition(commandCount < Batch.commandCapacity, "a batch without room")
    (storage + commandCount).initialize(to: command)
    commandCount += 1
    events.append(contentsOf: added)
    eventEnds.append(events.count)
  }

  func append(fill: Fill) { fills.append(fill) }

  /// Adds the next answer of the newest request; its fills were appended before.
  func append(_ answer: Answer) {
    answers.append(answer)
    requests[requests.count - 1].answerCount += 1
  }

  func forEachCommand(_ body: (Command, UnsafeBufferPointer<Event>) -> Void) {
    events.withUnsafeBufferPointer { events in
      var start = 0
      for index in 0..<commandCount {
        let end = eventEnds[index]
        body(storage[index], UnsafeBufferPointer(rebasing: events[start..<end]))
        start = end
      }
    }
  }

  /// Empties it and keeps its memory.
  func removeAll() {
    commandCount = 0
    durableNanos = 0
    hasReading = false
    events.removeAll(keepingCapacity: true)
    eventEnds.removeAll(keepingCapacity: true)
    requests.removeAll(keepingCapacity: true)
    answers.removeAll(keepingCapacity: true)
    fills.removeAll(keepingCapacity: true)
  }
}
