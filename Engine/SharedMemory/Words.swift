@_exported import CShared
import Synchronization

/// A word in shared memory. It is bound, never initialised: zero-filled memory is its start.
public typealias Word64 = UnsafeMutablePointer<Atomic<UInt64>>
public typealias Word32 = UnsafeMutablePointer<Atomic<UInt32>>

extension UnsafeMutableRawPointer {
  @inlinable
  func word64(_ offset: Int) -> Word64 {
    (self + offset).assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  @inlinable
  func word32(_ offset: Int) -> Word32 {
    (self + offset).assumingMemoryBound(to: Atomic<UInt32>.self)
  }

  /// Word by word, so that a reader that comes at the wrong moment sees old or new words and
  /// finds out from the version beside them. `length` is a multiple of 8.
  @inlinable
  func storeWords(from source: UnsafeRawPointer, length: Int) {
    var offset = 0
    while offset < length {
      let word = source.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      word64(offset).pointee.store(word, ordering: .relaxed)
      offset &+= 8
    }
  }

  /// The reading twin of `storeWords`.
  @inlinable
  func loadWords(into target: UnsafeMutableRawPointer, length: Int) {
    var offset = 0
    while offset < length {
      let word = word64(offset).pointee.load(ordering: .relaxed)
      target.storeBytes(of: word, toByteOffset: offset, as: UInt64.self)
      offset &+= 8
    }
  }
}

extension UnsafeMutablePointer where Pointee == Atomic<UInt32> {
  /// Sleeps while the word is `expected`; ends early for signals and stray wakes.
  @inlinable
  func sleep(while expected: UInt32, timeoutNanos: Int64) {
    let word = UnsafeRawPointer(self).assumingMemoryBound(to: UInt32.self)
    _ = outcry_futex_wait(word, expected, max(0, timeoutNanos))
  }

  @inlinable
  func wake(_ count: Int32) {
    let word = UnsafeMutableRawPointer(self).assumingMemoryBound(to: UInt32.self)
    _ = outcry_futex_wake(word, count)
  }
}
