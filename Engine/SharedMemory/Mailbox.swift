@_exported import Wire

/// What became of a request whose worker does not want to wait any longer.
public enum GiveUp: Sendable {
  /// No engine had taken it and none will: 503.
  case nothingDone
  /// An engine works on it; its reply will find nobody: 504.
  case unknown
  /// The answer is there after all.
  case answered
  /// An engine copies at this moment, or died doing it. Try again; after some microseconds
  /// release the mailbox as it is, the outcome is unknown.
  case retry
}

/// A worker's view of one of its mailboxes: write commands, post, wait, read the reply.
/// Valid as long as the exchange segment is open. Used by one thread at a time.
public struct Mailbox: @unchecked Sendable {
  @usableFromInline let place: MailboxPlace
  public let slot: Int
  /// Which of the slot's mailboxes.
  public let index: Int

  @inlinable
  init(place: MailboxPlace, slot: Int, index: Int) {
    self.place = place
    self.slot = slot
    self.index = index
  }

  @inlinable public var isLarge: Bool { place.isLarge }
  @inlinable public var commandCapacity: Int { place.commandCapacity }
  @inlinable public var state: MailboxState { place.load() }
  @inlinable public var isAnswered: Bool { state.phase == .replied }

  /// Where the commands are written, in place, before `post`.
  @inlinable
  public var commands: UnsafeMutableBufferPointer<Command> {
    UnsafeMutableBufferPointer(start: place.commands, count: place.commandCapacity)
  }

  /// Offers the first `count` commands to the engine of the symbol. The reference then has to
  /// go into the symbol's ring; when that is full, `giveUp`.
  @inlinable
  public func post(symbolID: UInt32, count: Int, at now: Int64 = Clock.monotonicNanos())
    -> MailboxReference
  {
    let idle = place.load()
    precondition(idle.phase == .idle, "posted twice")
    precondition(count > 0 && count <= place.commandCapacity, "commands do not fit")
    place.head.pointee.symbol_id = symbolID
    place.head.pointee.command_count = UInt32(truncatingIfNeeded: count)
    place.head.pointee.posted_at = now
    place.set(idle.moved(to: .posted))
    return MailboxReference(slot: slot, mailbox: index, generation: idle.generation)
  }

  /// When the engine took the request and when it wrote the answer, once `isAnswered`.
  @inlinable public var takenAt: Int64 { place.head.pointee.taken_at }
  @inlinable public var repliedAt: Int64 { place.head.pointee.replied_at }

  /// Ends the waiting. After `nothingDone` and `unknown` no reply can reach the mailbox.
  @inlinable
  public func giveUp() -> GiveUp {
    while true {
      let seen = place.load()
      switch seen.phase {
      case .idle: return .nothingDone
      case .posted: if place.swap(seen, for: seen.next) { return .nothingDone }
      case .taken: if place.swap(seen, for: seen.next) { return .unknown }
      case .copying, .writing, .broken: return .retry
      case .replied: return .answered
      }
    }
  }

  /// The answers, one a command, once `isAnswered`. Read before `release`.
  @inlinable
  public var answers: UnsafeBufferPointer<Answer> {
    let count = min(Int(place.head.pointee.answer_count), place.commandCapacity)
    return UnsafeBufferPointer(start: place.answers, count: count)
  }

  /// The fills of one of the answers. Counts are checked: the engine may have died badly.
  @inlinable
  public func fills(of answer: Answer) -> UnsafeBufferPointer<Fill> {
    let behind = min(Int(place.head.pointee.answer_count), place.commandCapacity)
    let held = min(Int(place.head.pointee.fill_count), place.fillCapacity(behind: behind))
    let first = min(Int(answer.first_fill), held)
    let count = min(Int(answer.fill_count), held - first)
    return UnsafeBufferPointer(start: place.fills(behind: behind) + first, count: count)
  }
}
