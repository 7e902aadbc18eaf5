import SharedMemory
import Wire

/// Committed commands with their events, in order, as a follower receives them.
struct CommittedRun {
  private(set) var commands: [Command] = []
  private(set) var events: [Event] = []
  /// For each command, where its events end.
  private(set) var eventEnds: [Int] = []
  /// When its first command came, in wall-clock microseconds; 0 when it is empty.
  var begunAt: UInt64 = 0
  /// How many commits brought them.
  var commits = 0

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
    begunAt = 0
    commits = 0
  }
}

/// Where the engine thread leaves what it committed for the tables, which are written on a thread
/// of their own.
///
/// It holds a bounded number of commands. The tables must see everything, so when there is no room
/// the engine thread waits for it, and with it everybody behind. They come out again in runs that
/// are a small part of what has room: so a wait is over when one of these is taken.
final class Inbox: @unchecked Sendable {
  /// A run that has reached this many commands gets no more.
  private static let runLength = 16384

  private let monitor = Monitor()
  private let capacity: Int
  private let lock: EngineLock
  /// Behind the full ones the one that is being filled.
  private var full: [CommittedRun] = []
  private var filling = CommittedRun()
  /// Emptied ones that keep their memory.
  private var spares: [CommittedRun] = []
  private var commandCount = 0
  private var isClosed = false

  init(capacity: Int, lock: EngineLock) {
    self.capacity = capacity
    self.lock = lock
    lock.setMetric(EngineMetric.tablesWaitSince, to: 0)
    lock.setMetric(EngineMetric.tablesWriteSince, to: 0)
  }

  func deliver(_ batch: Batch) {
    monitor.locked {
      while commandCount >= capacity { monitor.wait() }
      let wasEmpty = commandCount == 0
      if filling.isEmpty { filling.begunAt = UInt64(Clock.wallMicros()) }
      batch.forEachCommand { filling.append($0, events: $1) }
      filling.commits += 1
      commandCount += batch.commandCount
      if wasEmpty {
        lock.setMetric(EngineMetric.tablesWaitSince, to: filling.begunAt)
        monitor.signal()
      }
      if filling.count >= Inbox.runLength {
        full.append(filling)
        filling = spares.popLast() ?? CommittedRun()
      }
    }
  }

  /// Waits for something and gives the oldest run for the caller's, which is emptied. True when
  /// nothing comes after.
  func drain(into run: inout CommittedRun) -> Bool {
    run.removeAll()
    return monitor.locked {
      while commandCount == 0 && !isClosed { monitor.wait() }
      if full.isEmpty {
        swap(&run, &filling)
      } else {
        spares.append(run)
        run = full.removeFirst()
      }
      commandCount -= run.count
      lock.setMetric(EngineMetric.tablesWriteSince, to: run.begunAt)
      let next = full.first?.begunAt ?? filling.begunAt
      lock.setMetric(EngineMetric.tablesWaitSince, to: next)
      monitor.signal()
      return isClosed && commandCount == 0
    }
  }

  /// Whether more has come than is taken at a time: then there is no reason to wait.
  var hasFullRun: Bool { monitor.locked { !full.isEmpty } }

  /// No more will come: what is left is drained and that is the end.
  func close() {
    monitor.locked {
      isClosed = true
      monitor.signal()
    }
  }
}
