import Wire

/// How far the snapshot in progress is.
struct SnapshotProgress {
  var isActive = false
  /// Slots below it are written; those from it up to `end` are not, unless marked.
  var cursor = UInt32.max
  var end: UInt32 = 0
  var header = StoredState()
  var hasWrittenHeader = false
  var sum: UInt64 = 0
  /// Orders that changed before the cursor came to them, as they were.
  var savedCount: UInt32 = 0
}

/// A snapshot of one moment, written in slices between later commands.
///
/// The cursor goes through the slots. A command that changes an order the cursor has not reached
/// first saves the order as it was, once, and marks its slot; a slot taken for a new order is
/// marked too. So the stream holds every order of the moment `beginSnapshot` was called, each
/// once, in no particular order: `priority` says where it stood.
extension OrderBook {
  public var isWritingSnapshot: Bool { snapshot.isActive }

  public mutating func beginSnapshot() {
    precondition(!snapshot.isActive, "one snapshot at a time")
    snapshot = SnapshotProgress()
    snapshot.isActive = true
    snapshot.cursor = 1
    snapshot.end = orders.highWater
    snapshot.header = storedState
    snapshot.sum = hash(snapshot.header)
  }

  /// Gives a snapshot up.
  public mutating func abandonSnapshot() {
    while snapshot.isActive && snapshot.cursor < snapshot.end {
      marks[snapshot.cursor] = 0
      snapshot.cursor += 1
    }
    snapshot = SnapshotProgress()
  }

  /// Writes the next slice into the buffer, which has room for at least a few orders (1 KiB), and
  /// says how many bytes it wrote; the pause is bounded by the buffer's size. The snapshot is
  /// complete when `isWritingSnapshot` has become false.
  public mutating func writeSnapshot(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    precondition(snapshot.isActive && buffer.count >= 1024, "no snapshot begun, or no room")
    var written = 0
    if !snapshot.hasWrittenHeader {
      buffer.storeBytes(of: snapshot.header, toByteOffset: 0, as: StoredState.self)
      written = MemoryLayout<StoredState>.stride
      snapshot.hasWrittenHeader = true
    }
    let length = MemoryLayout<StoredOrder>.stride
    func hasRoom() -> Bool { written + length <= buffer.count }
    while snapshot.savedCount > 0 && hasRoom() {
      snapshot.savedCount -= 1
      put(saved[snapshot.savedCount], buffer, &written)
    }
    let stop = min(snapshot.end, snapshot.cursor &+ 1 << 16)
    while snapshot.cursor < stop && hasRoom() {
      let slot = snapshot.cursor
      snapshot.cursor += 1
      if marks[slot] != 0 {
        marks[slot] = 0
      } else if UInt32(orders.records[slot].shelf) != Shelf.none {
        put(stored(slot), buffer, &written)
      }
    }
    if snapshot.cursor >= snapshot.end && snapshot.savedCount == 0 && written + 8 <= buffer.count {
      buffer.storeBytes(of: snapshot.sum, toByteOffset: written, as: UInt64.self)
      written += 8
      snapshot = SnapshotProgress()
    }
    return written
  }

  private mutating func put(
    _ order: StoredOrder, _ buffer: UnsafeMutableRawBufferPointer, _ written: inout Int
  ) {
    buffer.storeBytes(of: order, toByteOffset: written, as: StoredOrder.self)
    written += MemoryLayout<StoredOrder>.stride
    snapshot.sum &+= hash(order)
  }

  /// To be called before an open order changes in any field that is stored.
  @inline(__always)
  mutating func willChange(_ slot: UInt32) {
    if slot >= snapshot.cursor { save(slot) }
  }

  @inline(never)
  private mutating func save(_ slot: UInt32) {
    guard slot < snapshot.end, marks[slot] == 0 else { return }
    saved[snapshot.savedCount] = stored(slot)
    snapshot.savedCount += 1
    marks[slot] = 1
  }

  /// A slot was taken for an order that came after the moment of the snapshot.
  @inline(__always)
  mutating func didTake(_ slot: UInt32) {
    if slot >= snapshot.cursor && slot < snapshot.end { marks[slot] = 1 }
  }
}
