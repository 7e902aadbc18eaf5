import SharedMemory
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

/// Where the engine thread leaves what it committed for the tables, which are written on a thread
/// of their own.
///
/// It holds a bounded number of commands. The tables must see everything, so when there is no room
/// the engine thread waits for it, and with it everybody behind.
final class Inbox: @unchecked Sendable {
  private let monitor = Monitor()
  private let capacity: Int
  private let lock: EngineLock
  private var filling = CommittedRun()
  private var isClosed = false

  init(capacity: Int, lock: EngineLock) {
    self.capacity = capacity
    self.lock = lock
    lock.setMetric(EngineMetric.tablesWaitSince, to: 0)
    lock.setMetric(EngineMetric.tablesWriteSince, to: 0)
  }

  func deliver(_ batch: Batch) {
    monitor.locked {
      while filling.count >= capacity { monitor.wait() }
      let wasEmpty = filling.isEmpty
      batch.forEachCommand { filling.append($0, events: $1) }
      if wasEmpty {
        lock.setMetric(EngineMetric.tablesWaitSince, to: UInt64(Clock.wallMicros()))
        monitor.signal()
      }
    }
  }

  /// Waits for something and swaps it for the caller's emptied run. True when nothing comes after.
  func drain(into run: inout CommittedRun) -> Bool {
    run.removeAll()
    return monitor.locked {
      while filling.isEmpty && !isClosed { monitor.wait() }
      swap(&run, &filling)
      let since = lock.symbol.metric(EngineMetric.tablesWaitSince)
      lock.setMetric(EngineMetric.tablesWriteSince, to: since)
      lock.setMetric(EngineMetric.tablesWaitSince, to: 0)
      monitor.signal()
      return isClosed
    }
  }

  /// No more will come: what is left is drained and that is the end.
  func close() {
    monitor.locked {
      isClosed = true
      monitor.signal()
    }
  }
}
