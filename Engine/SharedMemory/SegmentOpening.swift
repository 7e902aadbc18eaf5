import Glibc
import Synchronization

/// What a segment must be to be attached, or becomes when it is made.
package struct SegmentPlan: Sendable {
  package var name: String
  package var kind: UInt32
  package var layout: UInt32
  package var tag: UInt32
  package var length: Int
  /// From the start: memory taken at creation.
  package var reserved: Int

  package init(
    name: String, kind: UInt32, layout: UInt32, tag: UInt32, length: Int, reserved: Int
  ) {
    self.name = name
    self.kind = kind
    self.layout = layout
    self.tag = tag
    self.length = length
    self.reserved = reserved
  }
}

extension Segment {
  private static let headerLength = MemoryLayout<outcry_segment_header>.size
  private static let patienceNanos: Int64 = 5_000_000_000

  /// Attaches, or creates when there is none. Whoever finds it not ready and gets the creation
  /// lock makes it from scratch, so a creator that died at any instruction is taken over, and
  /// of several that come at once exactly one does it.
  package static func openOrCreate(_ plan: SegmentPlan) throws(SegmentError) -> Segment {
    let descriptor = shm_open(plan.name, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw .system(call: "shm_open", name: plan.name, errno: errno)
    }
    do throws(SegmentError) {
      let deadline = Clock.monotonicNanos() + patienceNanos
      while try !isReady(descriptor, plan) {
        if try createHoldingLock(descriptor, plan) { break }
        if Clock.monotonicNanos() > deadline { throw SegmentError.busy(name: plan.name) }
        usleep(200)
      }
      return try attach(descriptor, plan)
    } catch {
      Glibc.close(descriptor)
      throw error
    }
  }

  /// Attaches to one that exists and is ready; nil when there is none.
  package static func openExisting(_ plan: SegmentPlan) throws(SegmentError) -> Segment? {
    let descriptor = shm_open(plan.name, O_RDWR | O_CLOEXEC, 0o600)
    if descriptor < 0 {
      if errno == ENOENT { return nil }
      throw .system(call: "shm_open", name: plan.name, errno: errno)
    }
    do throws(SegmentError) {
      if try isReady(descriptor, plan) { return try attach(descriptor, plan) }
    } catch {
      Glibc.close(descriptor)
      throw error
    }
    Glibc.close(descriptor)
    return nil
  }

  /// Read with pread, as the file may have no length yet.
  private static func isReady(_ descriptor: Int32, _ plan: SegmentPlan) throws(SegmentError)
    -> Bool
  {
    let offset = MemoryLayout<outcry_segment_header>.offset(of: \.layout_version)!
    var version: UInt32 = 0
    let count = pread(descriptor, &version, 4, off_t(offset))
    if count < 0 { throw .system(call: "pread", name: plan.name, errno: errno) }
    return count == 4 && version != 0
  }

  /// False when another process holds the creation lock.
  private static func createHoldingLock(_ descriptor: Int32, _ plan: SegmentPlan)
    throws(SegmentError) -> Bool
  {
    let byte = Int64(OUTCRY_LOCK_CREATION)
    let code = outcry_lock_byte(descriptor, byte)
    if code == EAGAIN || code == EACCES { return false }
    guard code == 0 else {
      throw .system(call: "fcntl(F_OFD_SETLK)", name: plan.name, errno: code)
    }
    defer { _ = outcry_unlock_byte(descriptor, byte) }
    if try isReady(descriptor, plan) { return true }
    try layOut(descriptor, plan)
    let base = try map(descriptor, plan)
    defer { munmap(base, plan.length) }
    markReady(base, plan)
    return true
  }

  /// Zeroes and sizes the file. A dead creator's remains go with the first truncation.
  package static func layOut(_ descriptor: Int32, _ plan: SegmentPlan) throws(SegmentError) {
    for length in [0, plan.length] where ftruncate(descriptor, off_t(length)) != 0 {
      throw .system(call: "ftruncate", name: plan.name, errno: errno)
    }
    try reserve(descriptor, offset: 0, length: plan.reserved, name: plan.name)
  }

  private static func markReady(_ base: UnsafeMutableRawPointer, _ plan: SegmentPlan) {
    let header = base.assumingMemoryBound(to: outcry_segment_header.self)
    header.pointee.magic = UInt64(OUTCRY_SEGMENT_MAGIC)
    header.pointee.kind = plan.kind
    header.pointee.length = UInt64(plan.length)
    header.pointee.created_at = Clock.wallMicros()
    header.pointee.nonce = UInt64.random(in: 1...UInt64.max)
    header.pointee.creator = UInt32(getpid())
    header.pointee.tag = plan.tag
    let offset = MemoryLayout<outcry_segment_header>.offset(of: \.layout_version)!
    base.word32(offset).pointee.store(plan.layout, ordering: .releasing)
  }

  private static func attach(_ descriptor: Int32, _ plan: SegmentPlan) throws(SegmentError)
    -> Segment
  {
    var header = outcry_segment_header()
    guard pread(descriptor, &header, headerLength, 0) == headerLength,
      header.magic == UInt64(OUTCRY_SEGMENT_MAGIC)
    else { throw .foreign(name: plan.name, why: "it is not an Outcry segment") }
    guard header.kind == plan.kind else {
      throw .foreign(name: plan.name, why: "kind \(header.kind), expected \(plan.kind)")
    }
    guard header.layout_version == plan.layout else {
      throw .layout(name: plan.name, found: header.layout_version, expected: plan.layout)
    }
    guard header.tag == plan.tag else {
      throw .foreign(name: plan.name, why: "symbol id \(header.tag), expected \(plan.tag)")
    }
    let end = lseek(descriptor, 0, SEEK_END)
    guard header.length == UInt64(plan.length), Int(end) == plan.length else {
      throw .foreign(
        name: plan.name, why: "length \(header.length) of \(end), expected \(plan.length)")
    }
    let base = try map(descriptor, plan)
    let versionOffset = MemoryLayout<outcry_segment_header>.offset(of: \.layout_version)!
    _ = base.word32(versionOffset).pointee.load(ordering: .acquiring)
    return Segment(
      name: plan.name, length: plan.length, base: base, descriptor: descriptor)
  }

  private static func map(_ descriptor: Int32, _ plan: SegmentPlan) throws(SegmentError)
    -> UnsafeMutableRawPointer
  {
    let base = mmap(nil, plan.length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
    guard let base, base != MAP_FAILED else {
      throw .system(call: "mmap", name: plan.name, errno: errno)
    }
    return base
  }
}
