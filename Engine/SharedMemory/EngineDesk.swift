/// A request that an engine has taken and will answer.
@frozen
public struct TakenRequest: Sendable {
  public let reference: MailboxReference
  public let commandCount: Int
  /// When its worker offered it and when the engine took it, CLOCK_MONOTONIC nanoseconds.
  public let postedAt: Int64
  public let takenAt: Int64
  @usableFromInline let state: MailboxState

  @inlinable
  init(
    reference: MailboxReference, commandCount: Int, postedAt: Int64, takenAt: Int64,
    state: MailboxState
  ) {
    self.reference = reference
    self.commandCount = commandCount
    self.postedAt = postedAt
    self.takenAt = takenAt
    self.state = state
  }
}

@frozen
public enum TakeOutcome: Sendable {
  case taken(TakenRequest)
  /// A predecessor wrote the answer and may have died before it rang: ring for it.
  case answered
  /// Its worker gave up or is gone: nothing to do.
  case stale
}

/// An engine's view of all mailboxes: take requests, write replies. Only `EngineLock` makes one,
/// so that nobody answers for a symbol it does not own. May be used by several threads.
public struct EngineDesk: @unchecked Sendable {
  @usableFromInline let slots: UnsafeMutableRawPointer
  @usableFromInline let symbolID: UInt32
  @usableFromInline let epoch: UInt16

  init(slots: UnsafeMutableRawPointer, symbolID: UInt32, epoch: UInt64) {
    self.slots = slots
    self.symbolID = symbolID
    self.epoch = UInt16(truncatingIfNeeded: epoch)
  }

  @inlinable
  func place(of reference: MailboxReference) -> MailboxPlace {
    let slotBase = slots + reference.slot &* Int(OUTCRY_SLOT_LENGTH)
    return MailboxPlace(slotBase: slotBase, mailbox: reference.mailbox)
  }

  /// Takes what is posted, and what a dead predecessor had taken but not answered. `copy` must
  /// copy the commands out at once: its worker cannot give up meanwhile, but may right after.
  @inlinable
  public func take(
    _ reference: MailboxReference, at now: Int64 = Clock.monotonicNanos(),
    copy: (UnsafeBufferPointer<Command>) -> Void
  ) -> TakeOutcome {
    guard reference.isInRange else { return .stale }
    let place = place(of: reference)
    let seen = place.load()
    guard UInt16(truncatingIfNeeded: seen.generation) == reference.generation else {
      return .stale
    }
    switch seen.phase {
    case .posted: break
    case .copying, .taken, .writing: if seen.epoch == epoch { return .stale }
    case .replied: return .answered
    case .idle, .broken: return .stale
    }
    // Read before the swap, which fails when the worker has begun to change them.
    let count = Int(place.head.pointee.command_count)
    let postedAt = place.head.pointee.posted_at
    guard place.head.pointee.symbol_id == symbolID, count > 0, count <= place.commandCapacity,
      place.swap(seen, for: seen.moved(to: .copying, epoch: epoch))
    else { return .stale }
    copy(UnsafeBufferPointer(start: place.commands, count: count))
    place.head.pointee.taken_at = now
    let taken = seen.moved(to: .taken, epoch: epoch)
    place.set(taken)
    return .taken(
      TakenRequest(
        reference: reference, commandCount: count, postedAt: postedAt, takenAt: now,
        state: taken))
  }

  /// Nil when the worker has given up: the reply is then nobody's and must be dropped.
  @inlinable
  public func beginReply(to request: TakenRequest) -> ReplyWriter? {
    let place = place(of: request.reference)
    let writing = request.state.moved(to: .writing, epoch: epoch)
    guard place.swap(request.state, for: writing) else { return nil }
    return ReplyWriter(place: place, request: request)
  }
}

/// Writes the answers of one request in order, one a command, then hands them over.
public struct ReplyWriter {
  @usableFromInline let place: MailboxPlace
  @usableFromInline let request: TakenRequest
  @usableFromInline let fillCapacity: Int
  @usableFromInline var answerCount = 0
  @usableFromInline var fillCount = 0

  @inlinable
  init(place: MailboxPlace, request: TakenRequest) {
    self.place = place
    self.request = request
    fillCapacity = place.fillCapacity(behind: request.commandCount)
  }

  /// Sets the answer's fill fields. What does not fit is left out and the answer says so.
  @inlinable
  public mutating func append(_ answer: Answer, fills: UnsafeBufferPointer<Fill>) {
    precondition(answerCount < request.commandCount, "more answers than commands")
    let kept = min(fills.count, fillCapacity - fillCount)
    var answer = answer
    answer.first_fill = UInt32(truncatingIfNeeded: fillCount)
    answer.fill_count = UInt32(truncatingIfNeeded: kept)
    if kept < fills.count { answer.flags |= AnswerFlags.fillsCutShort.rawValue }
    place.answers[answerCount] = answer
    if kept > 0, let source = fills.baseAddress {
      (place.fills(behind: request.commandCount) + fillCount).update(from: source, count: kept)
    }
    answerCount += 1
    fillCount += kept
  }

  /// From here on the reply is the worker's. Its bell is rung by `WorkerBells.ringAll`.
  @inlinable
  public consuming func finish(
    touching bells: inout WorkerBells, at now: Int64 = Clock.monotonicNanos()
  ) {
    precondition(answerCount == request.commandCount, "a command without an answer")
    place.head.pointee.answer_count = UInt32(truncatingIfNeeded: answerCount)
    place.head.pointee.fill_count = UInt32(truncatingIfNeeded: fillCount)
    place.head.pointee.replied_at = now
    place.set(request.state.moved(to: .replied))
    bells.touch(request.reference)
  }
}
