import Synchronization

/// The futex of one worker slot. Order of use: read `now`, look whether anything is answered,
/// `wait(after:)`. A ring between the first and the last step ends the wait at once.
public struct Bell: @unchecked Sendable {
  @usableFromInline let bell: Word32
  @usableFromInline let waiters: Word32

  @inlinable
  init(slotBase: UnsafeMutableRawPointer) {
    bell = slotBase.word32(0)
    waiters = slotBase.word32(4)
  }

  @inlinable public var now: UInt32 { bell.pointee.load(ordering: .acquiring) }

  /// Returns when the bell was rung after `seen` was read, at the time-out, or for no reason.
  @inlinable
  public func wait(after seen: UInt32, timeoutNanos: Int64) {
    // Announced before the kernel compares: a ringer that reads no waiter has already raised
    // the bell, so the comparison fails.
    waiters.pointee.add(1, ordering: .sequentiallyConsistent)
    bell.sleep(while: seen, timeoutNanos: timeoutNanos)
    waiters.pointee.subtract(1, ordering: .relaxed)
  }

  @inlinable
  public func ring() {
    bell.pointee.add(1, ordering: .sequentiallyConsistent)
    if waiters.pointee.load(ordering: .sequentiallyConsistent) != 0 { bell.wake(Int32.max) }
  }
}

/// Collects the workers that got replies, to ring each once a batch.
public struct WorkerBells: @unchecked Sendable {
  @usableFromInline let slots: UnsafeMutableRawPointer
  @usableFromInline var touched: UInt64 = 0

  init(slots: UnsafeMutableRawPointer) { self.slots = slots }

  @inlinable
  public mutating func touch(_ reference: MailboxReference) {
    if reference.isInRange { touched |= 1 << UInt64(reference.slot) }
  }

  @inlinable
  public mutating func ringAll() {
    while touched != 0 {
      let slot = touched.trailingZeroBitCount
      touched &= touched &- 1
      Bell(slotBase: slots + slot &* Int(OUTCRY_SLOT_LENGTH)).ring()
    }
  }
}
