import Synchronization

/// Where a mailbox's head and body lie; both sides look at it through their own views.
@frozen
@usableFromInline
struct MailboxPlace {
  @usableFromInline let head: UnsafeMutablePointer<outcry_mailbox>
  @usableFromInline let body: UnsafeMutableRawPointer
  @usableFromInline let isLarge: Bool

  @inlinable
  init(slotBase: UnsafeMutableRawPointer, mailbox: Int) {
    let heads = (slotBase + Int(OUTCRY_SLOT_MAILBOXES))
      .assumingMemoryBound(to: outcry_mailbox.self)
    head = heads + mailbox
    let small = Int(OUTCRY_SMALL_MAILBOXES)
    isLarge = mailbox >= small
    body = slotBase + MailboxPlace.bodyOffset(mailbox)
  }

  @inlinable
  static func bodyOffset(_ mailbox: Int) -> Int {
    let small = Int(OUTCRY_SMALL_MAILBOXES)
    return mailbox < small
      ? Int(OUTCRY_SLOT_SMALL) &+ mailbox &* Int(OUTCRY_SMALL_BODY)
      : Int(OUTCRY_SLOT_LARGE) &+ (mailbox &- small) &* Int(OUTCRY_LARGE_BODY)
  }

  /// The state is the head's first word.
  @inlinable var state: Word64 { UnsafeMutableRawPointer(head).word64(0) }

  @inlinable
  func load() -> MailboxState { MailboxState(rawValue: state.pointee.load(ordering: .acquiring)) }

  @inlinable
  func swap(_ old: MailboxState, for new: MailboxState) -> Bool {
    state.pointee.compareExchange(
      expected: old.rawValue, desired: new.rawValue, ordering: .acquiringAndReleasing
    ).exchanged
  }

  @inlinable
  func set(_ new: MailboxState) { state.pointee.store(new.rawValue, ordering: .releasing) }

  @inlinable var commandCapacity: Int {
    Int(isLarge ? OUTCRY_LARGE_COMMANDS : OUTCRY_SMALL_COMMANDS)
  }

  @inlinable var replyOffset: Int {
    Int(isLarge ? OUTCRY_LARGE_REPLY_OFFSET : OUTCRY_SMALL_REPLY_OFFSET)
  }

  @inlinable var replyLength: Int {
    Int(isLarge ? OUTCRY_LARGE_BODY : OUTCRY_SMALL_BODY) &- replyOffset
  }

  @inlinable var commands: UnsafeMutablePointer<Command> {
    body.assumingMemoryBound(to: Command.self)
  }

  @inlinable var answers: UnsafeMutablePointer<Answer> {
    (body + replyOffset).assumingMemoryBound(to: Answer.self)
  }

  /// Fills follow the answers, so their place depends on how many there are.
  @inlinable
  func fills(behind answerCount: Int) -> UnsafeMutablePointer<Fill> {
    (body + replyOffset + answerCount &* MemoryLayout<Answer>.stride)
      .assumingMemoryBound(to: Fill.self)
  }

  @inlinable
  func fillCapacity(behind answerCount: Int) -> Int {
    (replyLength &- answerCount &* MemoryLayout<Answer>.stride) / MemoryLayout<Fill>.stride
  }
}
