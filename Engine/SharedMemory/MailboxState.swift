/// Names one use of one mailbox in 32 bits, as a request ring carries it: the mailbox in the low
/// half (never 0, which is a free ring slot) and its generation's low bits in the high half, so
/// that a reference outlived by its request is known as stale.
@frozen
public struct MailboxReference: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt32

  @inlinable
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  @inlinable
  init(slot: Int, mailbox: Int, generation: UInt64) {
    let place = UInt32(1 &+ slot &* Int(OUTCRY_MAILBOXES) &+ mailbox)
    rawValue = UInt32(truncatingIfNeeded: generation) << 16 | place
  }

  @inlinable var place: Int { Int(rawValue & 0xFFFF) &- 1 }
  @inlinable var generation: UInt16 { UInt16(rawValue >> 16) }

  /// Which worker's.
  @inlinable
  public var slot: Int { place / Int(OUTCRY_MAILBOXES) }

  /// Which of that worker's.
  @inlinable
  public var mailbox: Int { place % Int(OUTCRY_MAILBOXES) }

  /// Whether it names a mailbox at all; a dying peer may have written anything.
  @inlinable
  var isInRange: Bool { place >= 0 && slot < Int(OUTCRY_WORKER_SLOTS) }
}

/// The state word of a mailbox: generation(40) | engine epoch(16) | phase(8). Every change of
/// hands is one compare-and-swap of the whole word.
@frozen
public struct MailboxState: RawRepresentable, Hashable, Sendable {
  @frozen
  public enum Phase: UInt8, Sendable {
    /// The worker's: it may write commands.
    case idle = 0
    /// For an engine to take, or for the worker to take back.
    case posted
    /// The engine's for a moment: it copies the commands out.
    case copying
    /// The engine works on it; the worker may give up.
    case taken
    /// The engine's for a moment: it writes the reply.
    case writing
    /// The worker's: it may read the reply.
    case replied
    /// No such state: the memory is damaged. Nobody touches the mailbox any more.
    case broken = 255
  }

  public let rawValue: UInt64

  @inlinable
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  @inlinable
  init(_ phase: Phase, generation: UInt64, epoch: UInt16 = 0) {
    rawValue = generation << 24 | UInt64(epoch) << 8 | UInt64(phase.rawValue)
  }

  @inlinable
  public var phase: Phase { Phase(rawValue: UInt8(truncatingIfNeeded: rawValue)) ?? .broken }

  @inlinable
  public var epoch: UInt16 { UInt16(truncatingIfNeeded: rawValue >> 8) }

  /// How many requests the mailbox has served; 40 bits.
  @inlinable
  public var generation: UInt64 { rawValue >> 24 }

  @inlinable
  func moved(to phase: Phase, epoch: UInt16 = 0) -> MailboxState {
    MailboxState(phase, generation: generation, epoch: epoch)
  }

  /// Free again, under the next generation: whatever still refers to this one is stale.
  @inlinable
  var next: MailboxState { MailboxState(.idle, generation: generation &+ 1) }
}
