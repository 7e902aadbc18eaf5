import OrderBook
import Wire

/// How a snapshot of a whole symbol state is cut: frames, each with its kind and length in front.
/// First one `state`, then the book's own bytes, then the keys from the oldest on, then `end`.
enum SnapshotFrame: UInt32 {
  case state = 1
  case book
  case keys
  case end

  static let version: UInt32 = 1
  static let headLength = 8

  struct State {
    var version: UInt32
    var symbol: UInt32
    var sequence: UInt64
    var time: Int64
    var keys: UInt64
  }
}

/// How far the snapshot in progress is.
struct SnapshotCursor {
  var next = SnapshotFrame.state
  var state: SnapshotFrame.State
  var nextKey: UInt64
  var endKey: UInt64
}

/// A snapshot of one moment, written in slices between later commands: see the book's own.
extension SymbolState {
  public static let snapshotFormat: Int16 = 1
  /// The smallest buffer that makes progress.
  public static let smallestSlice = 4096

  public var isWritingSnapshot: Bool { snapshot != nil }

  public mutating func beginSnapshot() {
    precondition(snapshot == nil, "one snapshot at a time")
    let range = keys.range
    snapshot = SnapshotCursor(
      state: SnapshotFrame.State(
        version: SnapshotFrame.version, symbol: symbol, sequence: sequence, time: time,
        keys: UInt64(range.count)),
      nextKey: range.lowerBound, endKey: range.upperBound)
    book.beginSnapshot()
  }

  /// A whole snapshot in one go, by whoever has nothing else to do.
  public mutating func writeSnapshot(
    slice length: Int, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) rethrows {
    beginSnapshot()
    let slice = UnsafeMutableRawBufferPointer.allocate(byteCount: length, alignment: 64)
    defer { slice.deallocate() }
    while isWritingSnapshot {
      guard let written = writeSnapshot(into: slice) else {
        preconditionFailure("the state changed meanwhile")
      }
      try body(UnsafeRawBufferPointer(rebasing: slice[..<written]))
    }
  }

  /// Gives a snapshot up.
  public mutating func abandonSnapshot() {
    guard snapshot != nil else { return }
    snapshot = nil
    book.abandonSnapshot()
  }

  /// Writes the next frames and says how many bytes they are. The snapshot is complete when
  /// `isWritingSnapshot` has become false; nil means that it was given up, because so many
  /// commands came meanwhile that keys of its moment are no longer there.
  public mutating func writeSnapshot(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
    precondition(buffer.count >= SymbolState.smallestSlice, "a slice without room")
    guard var cursor = snapshot else { preconditionFailure("no snapshot was begun") }
    var written = 0
    slice: while buffer.count - written >= 2048 {
      let body = UnsafeMutableRawBufferPointer(
        rebasing: buffer[(written + SnapshotFrame.headLength)...])
      let frame = cursor.next
      let length: Int
      switch frame {
      case .state:
        body.storeBytes(of: cursor.state, as: SnapshotFrame.State.self)
        length = MemoryLayout<SnapshotFrame.State>.size
        cursor.next = .book
      case .book:
        length = book.writeSnapshot(into: body)
        if !book.isWritingSnapshot { cursor.next = .keys }
      case .keys:
        guard keys.stillHolds(cursor.nextKey) else {
          snapshot = nil
          return nil
        }
        length = keys.copy(from: &cursor.nextKey, to: cursor.endKey, into: body)
        if cursor.nextKey == cursor.endKey { cursor.next = .end }
      case .end:
        length = 0
      }
      buffer.storeBytes(of: frame.rawValue, toByteOffset: written, as: UInt32.self)
      buffer.storeBytes(of: UInt32(length), toByteOffset: written + 4, as: UInt32.self)
      written += SnapshotFrame.headLength + length
      if frame == .end {
        snapshot = nil
        return written
      }
    }
    snapshot = cursor
    return written
  }
}
