import OrderBook
import Settings
import SharedMemory
import SymbolState
import Wire

/// Takes requests from the ring, runs them on the symbol's state and leaves what came of them in
/// the batch that the journal thread will take next. Owns the state; nobody else touches it.
final class MatchingThread: @unchecked Sendable {
  /// Requests between two looks at whether the journal thread is waiting.
  private static let burst = 64
  private static let idleNanos: Int64 = 1_000_000_000

  private var state: SymbolState
  private var events: EventBuffer
  private var reader: RingReader
  private let desk: EngineDesk
  private let handover: Handover
  private let stop: StopFlag
  private let score: Score?
  private let snapshots: SnapshotOutbox
  private let snapshotEvery: UInt64
  private var lastSnapshot: UInt64
  private var incoming: [Command] = []

  init(
    state: consuming SymbolState, events: consuming EventBuffer, reader: RingReader,
    desk: EngineDesk, handover: Handover, snapshots: SnapshotOutbox, snapshotEvery: UInt64,
    lastSnapshot: UInt64, stop: StopFlag, score: Score?
  ) {
    self.lastSnapshot = lastSnapshot
    self.state = state
    self.events = events
    self.reader = reader
    self.desk = desk
    self.handover = handover
    self.snapshots = snapshots
    self.snapshotEvery = snapshotEvery
    self.stop = stop
    self.score = score
    incoming.reserveCapacity(Int(OUTCRY_LARGE_COMMANDS))
  }

  /// Runs until it is told to stop; what is in the ring then stays there for the next engine.
  func run() {
    while !stop.isRaised {
      let (didWork, hasRoom) = handover.fill { batch in (fill(batch), batch.hasRoom) }
      stepSnapshot()
      if !hasRoom {
        handover.waitForRoom()
      } else if !didWork {
        rest()
      }
    }
    handover.close()
    snapshots.close()
    state.abandonSnapshot()
    score?.set(.stopped)
  }

  /// Begins a snapshot when one is due, or writes a slice of the one under way.
  private func stepSnapshot() {
    if !state.isWritingSnapshot {
      guard commandsSinceSnapshot >= snapshotEvery, snapshots.begin(sequence: state.sequence)
      else { return }
      lastSnapshot = state.sequence
      state.beginSnapshot()
    }
    snapshots.leave { buffer in
      let length = state.writeSnapshot(into: buffer)
      return (length, !state.isWritingSnapshot)
    }
  }

  /// After `run`: everything in one go.
  func writeSnapshot(_ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
    state.beginSnapshot()
    let slice = UnsafeMutableRawBufferPointer.allocate(
      byteCount: SnapshotOutbox.sliceLength, alignment: 64)
    defer { slice.deallocate() }
    while state.isWritingSnapshot {
      guard let length = state.writeSnapshot(into: slice) else {
        preconditionFailure("the state changed after its end")
      }
      try body(UnsafeRawBufferPointer(rebasing: slice[..<length]))
    }
  }

  var sequence: UInt64 { state.sequence }
  var commandsSinceSnapshot: UInt64 { state.sequence - lastSnapshot }

  private func rest() {
    score?.set(.idle)
    score?.beat()
    let untilExpiry = state.book.nextExpiry.map { ($0 - Clock.wallMicros()) * 1000 }
    let timeout = max(0, min(untilExpiry ?? MatchingThread.idleNanos, MatchingThread.idleNanos))
    _ = reader.waitForWork(timeoutNanos: timeout) {
      stop.isRaised || state.isWritingSnapshot && snapshots.hasRoom
    }
    score?.set(.working)
  }

  /// True when there was anything to do.
  private func fill(_ batch: Batch) -> Bool {
    let now = Clock.wallMicros()
    var isIdle = true
    if let due = state.book.nextExpiry, due <= now, batch.hasRoom {
      expire(now, batch)
      isIdle = false
    }
    var count = 0
    while count < MatchingThread.burst, batch.hasRoom, let (position, reference) = reader.next() {
      batch.noteReading(through: position)
      take(reference, at: position, now, batch)
      count += 1
    }
    if count > 0 { score?.add(counter: 0, UInt64(count)) }
    if count > 0 || !isIdle { batch.market = Market(of: state.book) }
    return count > 0 || !isIdle
  }

  private func take(
    _ reference: MailboxReference, at position: UInt64, _ now: Int64, _ batch: Batch
  ) {
    incoming.removeAll(keepingCapacity: true)
    switch desk.take(reference, copy: { incoming.append(contentsOf: $0) }) {
    case .stale: break
    case .answered: batch.bells.touch(reference)
    case .taken(let request):
      batch.append(request)
      let monotonic = Clock.monotonicNanos()
      for index in incoming.indices {
        incoming[index].origin = position
        batch.append(answer(to: &incoming[index], now, monotonic, batch))
      }
    }
  }

  private func answer(
    to command: inout Command, _ now: Int64, _ monotonic: Int64, _ batch: Batch
  ) -> Answer {
    var answer = Answer()
    answer.version = UInt16(OUTCRY_RESULT_VERSION)
    guard MatchingThread.mayBeAsked(command.kind) else { return refused(.malformed, &answer) }
    // The worker has told its client that nothing was done.
    if command.deadline != 0 && monotonic > command.deadline {
      return refused(.deadlinePassed, &answer)
    }
    events.removeAll()
    switch state.execute(&command, now: now, events: &events) {
    case .refused(let refusal): return refused(refusal, &answer)
    case .duplicate(let first):
      answer.sequence = first
      answer.flags = AnswerFlags.duplicate.rawValue
      answer.order_id =
        command.kind == CommandKind.place.rawValue
        ? OrderID.make(symbol: state.symbol, sequence: first) : command.order_id
      return answer
    case .accepted: break
    }
    answer.sequence = command.sequence
    answer.time = command.time
    answer.affected = UInt32(truncatingIfNeeded: state.book.affected)
    state.book.subject(of: command)?.write(to: &answer)
    events.withEvents { events in
      batch.append(command, events: events)
      answer.fill_count = appendFills(of: command.order_id, in: events, batch)
    }
    return answer
  }

  private func refused(_ refusal: Refusal, _ answer: inout Answer) -> Answer {
    answer.refusal = refusal.rawValue
    return answer
  }

  /// The trades of the command's own order, as taker or, for a stop that it set off, as maker.
  private func appendFills(
    of order: UInt64, in events: UnsafeBufferPointer<Event>, _ batch: Batch
  ) -> UInt32 {
    guard order != 0 else { return 0 }
    var count: UInt32 = 0
    for event in events where event.kind == EventKind.trade.rawValue {
      guard event.order_id == order || event.maker_order_id == order else { continue }
      let isTaker = event.order_id == order
      batch.append(
        fill: Fill(
          trade_id: event.trade_id, price: event.price, quantity: event.quantity,
          counter_order_id: isTaker ? event.maker_order_id : event.order_id))
      count += 1
    }
    return count
  }

  /// What an engine does of itself nobody else may ask for.
  private static func mayBeAsked(_ kind: UInt8) -> Bool {
    kind != CommandKind.expire.rawValue && kind != CommandKind.epoch.rawValue
  }

  private func expire(_ now: Int64, _ batch: Batch) {
    var command = Command(.expire)
    events.removeAll()
    let outcome = state.execute(&command, now: now, events: &events)
    guard case .accepted = outcome else { preconditionFailure("an expiry was refused") }
    events.withEvents { batch.append(command, events: $0) }
  }
}
