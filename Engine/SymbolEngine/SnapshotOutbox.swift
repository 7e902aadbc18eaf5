/// Where the engine thread leaves slices of a snapshot for the thread that stores them. It never
/// waits here: with both buffers full it goes on matching and looks again later.
final class SnapshotOutbox: @unchecked Sendable {
  struct Slice {
    var bytes: UnsafeRawBufferPointer
    var isLast: Bool
  }

  static let sliceLength = 1 << 16

  private let monitor = Monitor()
  private let buffers = (0..<2).map { _ in
    UnsafeMutableRawBufferPointer.allocate(byteCount: sliceLength, alignment: 64)
  }
  /// Of the snapshot under way; nil between snapshots.
  private var sequence: UInt64?
  private var lengths: [Int] = []
  private var written = 0
  private var read = 0
  private var isComplete = false
  private var isGivenUp = false
  private var isClosed = false

  deinit { buffers.forEach { $0.deallocate() } }

  // For the engine thread.

  /// Whether a slice could be left now.
  var hasRoom: Bool { monitor.locked { written - read < buffers.count } }

  /// Announces a snapshot; false while the one before is still being stored.
  func begin(sequence: UInt64) -> Bool {
    monitor.locked {
      guard self.sequence == nil, !isClosed else { return false }
      self.sequence = sequence
      isComplete = false
      isGivenUp = false
      monitor.signal()
      return true
    }
  }

  /// Lets `fill` write a slice, if there is room. It returns the length, or nil to give up, and
  /// whether it was the last.
  func leave(_ fill: (UnsafeMutableRawBufferPointer) -> (length: Int?, isLast: Bool)) {
    guard hasRoom else { return }
    let (length, isLast) = fill(buffers[written % buffers.count])
    monitor.locked {
      if let length {
        lengths.append(length)
        written += 1
        isComplete = isLast
      } else {
        isGivenUp = true
      }
      monitor.signal()
    }
  }

  /// No more will come; a snapshot under way is given up.
  func close() {
    monitor.locked {
      isClosed = true
      monitor.signal()
    }
  }

  // For the storing thread.

  /// Waits for the next snapshot; nil at the end.
  func nextSnapshot() -> UInt64? {
    monitor.locked {
      while sequence == nil && !isClosed { monitor.wait() }
      return isClosed ? nil : sequence
    }
  }

  /// Waits for the next slice, hands it over and frees its buffer; false when there is none
  /// because the snapshot was given up.
  func take(_ body: (Slice) throws -> Void) rethrows -> Bool {
    let length: Int? = monitor.locked {
      while read == written && !isGivenUp && !isClosed { monitor.wait() }
      return read < written ? lengths.removeFirst() : nil
    }
    guard let length else { return false }
    let isLast = monitor.locked { isComplete && read + 1 == written }
    defer { monitor.locked { read += 1 } }
    let bytes = UnsafeRawBufferPointer(rebasing: buffers[read % buffers.count][..<length])
    try body(Slice(bytes: bytes, isLast: isLast))
    return true
  }

  /// The snapshot is stored, or will not be: makes way for the next.
  func end() {
    monitor.locked {
      sequence = nil
      read = written
      lengths.removeAll(keepingCapacity: true)
    }
  }
}
