import OrderBook
import Settings
import SharedMemory
import SymbolState
import Wire

/// Takes requests from the ring, runs them on the symbol's state and leaves what came of them in
/// the batch that will be committed next. Owns the state; nobody else touches it.
final class Matcher {
  /// Only one thread comes here and nothing calls back while these are changed: what is checked of
  /// that at run time, for each order several times, costs the thread as much as the journal's
  /// checksum.
  @exclusivity(unchecked) private var state: SymbolState
  @exclusivity(unchecked) private var events: EventBuffer
  @exclusivity(unchecked) private var reader: RingReader
  private let desk: EngineDesk
  private let snapshots: SnapshotOutbox
  private let snapshotEvery: UInt64
  private var lastSnapshot: UInt64
  @exclusivity(unchecked) private var incoming: [Command] = []
  private let lock: EngineLock
  private let ringWait: HistogramWriter
  private let matching: HistogramWriter
  /// When the request that is being run was taken. The next one's clock reading ends it, so that
  /// a request costs one reading.
  @exclusivity(unchecked) private var takenNanos: Int64 = 0

  init(
    state: consuming SymbolState, events: consuming EventBuffer, reader: RingReader,
    desk: EngineDesk, lock: EngineLock, snapshots: SnapshotOutbox, snapshotEvery: UInt64,
    lastSnapshot: UInt64
  ) {
    self.state = state
    self.events = events
    self.reader = reader
    self.desk = desk
    self.lock = lock
    ringWait = lock.histogram(.ringWait)
    matching = lock.histogram(.match)
    self.snapshots = snapshots
    self.snapshotEvery = snapshotEvery
    self.lastSnapshot = lastSnapshot
    incoming.reserveCapacity(Int(OUTCRY_LARGE_COMMANDS))
  }

  /// Sleeps until a request comes or an order is due to expire, at most for the time given.
  func waitForWork(atMost nanos: Int64, unless isDue: () -> Bool) {
    let untilExpiry = state.book.nextExpiry.map { ($0 - Clock.wallMicros()) * 1000 }
    _ = reader.waitForWork(timeoutNanos: max(0, min(untilExpiry ?? nanos, nanos))) {
      isDue() || state.isWritingSnapshot && snapshots.hasRoom
    }
  }

  /// Runs what is in the ring as far as the batch has room.
  func fill(_ batch: Batch) {
    let now = Clock.wallMicros()
    if let due = state.book.nextExpiry, due <= now, batch.hasRoom { expire(now, batch) }
    while batch.hasRoom, let (position, reference) = reader.next() {
      batch.noteReading(through: position)
      take(reference, at: position, now, batch)
    }
    noteMatched(at: takenNanos == 0 ? 0 : Clock.monotonicNanos())
    takenNanos = 0
    batch.market = Market(of: state.book)
    stepSnapshot()
  }

  /// No more commands: a snapshot under way is given up.
  func end() {
    snapshots.close()
    state.abandonSnapshot()
  }

  /// Begins a snapshot when one is due, or writes a slice of the one under way.
  private func stepSnapshot() {
    if !state.isWritingSnapshot {
      guard state.sequence - lastSnapshot >= snapshotEvery,
        snapshots.begin(sequence: state.sequence)
      else { return }
      lastSnapshot = state.sequence
      state.beginSnapshot()
    }
    snapshots.leave { buffer in
      let length = state.writeSnapshot(into: buffer)
      return (length, !state.isWritingSnapshot)
    }
  }

  /// After `end`: everything in one go.
  func writeSnapshot(_ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
    try state.writeSnapshot(slice: SnapshotOutbox.sliceLength, body)
  }

  var sequence: UInt64 { state.sequence }

  private func take(
    _ reference: MailboxReference, at position: UInt64, _ now: Int64, _ batch: Batch
  ) {
    incoming.removeAll(keepingCapacity: true)
    let monotonic = Clock.monotonicNanos()
    noteMatched(at: monotonic)
    takenNanos = 0
    switch desk.take(reference, at: monotonic, copy: { incoming.append(contentsOf: $0) }) {
    case .stale: break
    case .answered: batch.bells.touch(reference)
    case .taken(let request):
      batch.append(request)
      ringWait.record(monotonic - request.postedAt)
      takenNanos = monotonic
      for index in incoming.indices {
        incoming[index].origin = position
        batch.append(answer(to: &incoming[index], now, monotonic, batch))
      }
    }
  }

  private func noteMatched(at now: Int64) {
    if takenNanos != 0 { matching.record(now - takenNanos) }
  }

  private func answer(
    to command: inout Command, _ now: Int64, _ monotonic: Int64, _ batch: Batch
  ) -> Answer {
    var answer = Answer()
    answer.version = UInt16(OUTCRY_RESULT_VERSION)
    guard Matcher.mayBeAsked(command.kind) else { return refused(.malformed, &answer) }
    // The worker has told its client that nothing was done.
    if command.deadline != 0 && monotonic > command.deadline {
      return refused(.deadlinePassed, &answer)
    }
    events.removeAll()
    switch state.execute(&command, now: now, events: &events) {
    case .refused(let refusal): return refused(refusal, &answer)
    case .duplicate(let first):
      lock.addMetric(EngineMetric.duplicates)
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
    lock.addMetric(EngineMetric.refusals)
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
