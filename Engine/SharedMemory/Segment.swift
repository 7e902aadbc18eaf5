import Glibc
import Synchronization

/// A mapped segment and the byte locks this process holds on it.
///
/// It stays mapped until `close()`, whoever forgets it: views are bare pointers and locks mean
/// "I live", so neither may hang on when the optimiser thinks the last use of an object was.
public final class Segment: @unchecked Sendable {
  public let name: String
  public let length: Int
  @usableFromInline let base: UnsafeMutableRawPointer
  private let descriptor: Int32
  /// A lock belongs to the open file, so the kernel grants it to us twice: this set does not.
  private let held = Mutex<Set<Int64>>([])

  init(name: String, length: Int, base: UnsafeMutableRawPointer, descriptor: Int32) {
    self.name = name
    self.length = length
    self.base = base
    self.descriptor = descriptor
  }

  /// Unmaps it and lets go of all its locks. No view of it may be used afterwards.
  public func close() {
    munmap(base, length)
    Glibc.close(descriptor)
  }

  var header: UnsafeMutablePointer<outcry_segment_header> {
    base.assumingMemoryBound(to: outcry_segment_header.self)
  }

  public var createdAt: Int64 { header.pointee.created_at }
  public var nonce: UInt64 { header.pointee.nonce }

  @usableFromInline var epochWord: Word64 {
    base.word64(MemoryLayout<outcry_segment_header>.offset(of: \.epoch)!)
  }

  /// Takes memory for a part now, so that a full /dev/shm is an error here and not a SIGBUS at
  /// the first touch.
  func reserve(offset: Int, length: Int) throws(SegmentError) {
    try Segment.reserve(descriptor, offset: offset, length: length, name: name)
  }

  static func reserve(_ descriptor: Int32, offset: Int, length: Int, name: String)
    throws(SegmentError)
  {
    while true {
      let code = posix_fallocate(descriptor, off_t(offset), off_t(length))
      if code == 0 { return }
      if code != EINTR { throw .system(call: "posix_fallocate", name: name, errno: code) }
    }
  }

  /// False when anybody holds the byte, another part of this process included.
  func tryLock(_ byte: Int64) throws(SegmentError) -> Bool {
    let code = held.withLock { held -> Int32 in
      if held.contains(byte) { return EAGAIN }
      let code = outcry_lock_byte(descriptor, byte)
      if code == 0 { held.insert(byte) }
      return code
    }
    if code == 0 { return true }
    if code == EAGAIN || code == EACCES { return false }
    throw .system(call: "fcntl(F_OFD_SETLK)", name: name, errno: code)
  }

  func unlock(_ byte: Int64) {
    held.withLock { held in
      if held.remove(byte) != nil { _ = outcry_unlock_byte(descriptor, byte) }
    }
  }

  func isLocked(_ byte: Int64) -> Bool {
    held.withLock { held in
      if held.contains(byte) { return true }
      var locked: Int32 = 0
      return outcry_byte_is_locked(descriptor, byte, &locked) == 0 && locked != 0
    }
  }
}
