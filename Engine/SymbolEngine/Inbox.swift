import Wire

/// Committed commands with their events, in order, as a follower receives them.
struct CommittedRun {
  private(set) var commands: [Command] = []
  private(set) var events: [Event] = []
  /// For each command, where its events end.
  private(set) var eventEnds: [Int] = []

  var isEmpty: Bool { commands.isEmpty }
  var count: Int { commands.count }

  mutating func append(_ command: Command, events added: UnsafeBufferPointer<Event>) {
    commands.append(command)
    events.append(contentsOf: added)
    eventEnds.append(events.count)
  }

  func forEach(_ body: (Command, UnsafeBufferPointer<Event>) -> Void) {
    events.withUnsafeBufferPointer { events in
      var start = 0
      for (command, end) in zip(commands, eventEnds) {
        body(command, UnsafeBufferPointer(rebasing: events[start..<end]))
        start = end
      }
    }
  }

  /// Empties it and keeps its memory.
  mutating func removeAll() {
    commands.removeAll(keepingCapacity: true)
    events.removeAll(keepingCapacity: true)
    eventEnds.removeAll(keepingCapacity: true)
  }
}

/// Where the journal thread leaves what it committed for one follower, which works through it at
/// its own pace on its own thread.
///
/// It holds a bounded number of commands. A follower that must see everything makes the giver wait
/// for room; one that may lose some is told that it did.
final class Inbox: @unchecked Sendable {
  enum Overflow {
    case wait
    case drop
  }

  struct Delivery {
    /// Commands were dropped before this run.
    var hasGap = false
    /// Nothing comes after this run.
    var isLast = false
  }

  private let monitor = Monitor()
  private let capacity: Int
  private let overflow: Overflow
  private var filling = CommittedRun()
  private var hasGap = false
  private var isClosed = false

  init(capacity: Int, overflow: Overflow) {
    self.capacity = capacity
    self.overflow = overflow
  }

  func deliver(_ batch: Batch) {
    deliver { run in batch.forEachCommand { run.append($0, events: $1) } }
  }

  /// Gives the follower all commands that `fill` appends.
  func deliver(_ fill: (inout CommittedRun) -> Void) {
    monitor.locked {
      if filling.count >= capacity {
        guard overflow == .wait else {
          hasGap = true
          return
        }
        while filling.count >= capacity { monitor.wait() }
      }
      let wasEmpty = filling.isEmpty
      fill(&filling)
      if wasEmpty { monitor.signal() }
    }
  }

  /// Waits for something and swaps it for the caller's emptied run.
  func drain(into run: inout CommittedRun) -> Delivery {
    run.removeAll()
    return monitor.locked {
      while filling.isEmpty && !hasGap && !isClosed { monitor.wait() }
      swap(&run, &filling)
      defer { hasGap = false }
      monitor.signal()
      return Delivery(hasGap: hasGap, isLast: isClosed)
    }
  }

  /// No more will come: the follower drains what is left and ends.
  func close() {
    monitor.locked {
      isClosed = true
      monitor.signal()
    }
  }
}
