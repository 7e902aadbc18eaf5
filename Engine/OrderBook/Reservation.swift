import CShared

/// The environment would not give the address space a book was asked to reserve.
public struct ReservationFailure: Error, Sendable {
  public let call = "mmap"
  public let errno: Int32
  public let bytes: Int
}

/// Address space taken once, of which only the pages that are touched cost memory. So a book can be
/// laid out for its largest size at start, never moves or copies anything as it grows, and a symbol
/// with few orders stays small.
package struct Reservation: ~Copyable {
  static let alignment = 1 << 21

  private let start: UnsafeMutableRawPointer
  private let length: Int
  private var taken = 0

  package init(bytes: Int) throws(ReservationFailure) {
    length = bytes
    start = try Reservation.reserve(bytes)
  }

  deinit { munmap(start, length) }

  /// What of it is in memory, by the system's account: whole pages.
  func residentBytes() -> Int {
    let page = Int(getpagesize())
    var marks = [UInt8](repeating: 0, count: (length + page - 1) / page)
    let code = mincore(start, length, &marks)
    precondition(code == 0, "mincore on a mapping of our own")
    return marks.count { $0 & 1 != 0 } * page
  }

  static func reserve(_ bytes: Int) throws(ReservationFailure) -> UnsafeMutableRawPointer {
    var code: Int32 = 0
    guard let start = outcry_reserve(bytes, &code) else {
      throw ReservationFailure(errno: code, bytes: bytes)
    }
    return start
  }

  /// What `carve` takes for this many elements, its rounding included.
  static func bytes<Element>(_ type: Element.Type, _ capacity: Int) -> Int {
    let exact = capacity * MemoryLayout<Element>.stride
    return (exact + 2 * alignment - 1) & ~(alignment - 1)
  }

  /// The next part, filled with zeros. Behind its first two megabytes it asks for huge pages: a
  /// small book pays for the 4 KiB pages it touches, a large one does not thrash the TLB.
  mutating func carve<Element>(_ type: Element.Type, _ capacity: Int) -> Region<Element> {
    let size = Reservation.bytes(type, capacity)
    let address = UInt(bitPattern: start + taken)
    let aligned = (address + UInt(Reservation.alignment) - 1) & ~UInt(Reservation.alignment - 1)
    taken += size
    precondition(taken <= length, "a reservation too small for its parts")
    let base = start + Int(aligned - UInt(bitPattern: start))
    let exact = capacity * MemoryLayout<Element>.stride
    if exact > Reservation.alignment {
      madvise(base + Reservation.alignment, exact - Reservation.alignment, MADV_HUGEPAGE)
    }
    return Region(
      base: base.bindMemory(to: Element.self, capacity: capacity), capacity: UInt32(capacity))
  }
}

/// A checked view of one part of a reservation. The owner of the reservation owns the view.
struct Region<Element> {
  let base: UnsafeMutablePointer<Element>
  let capacity: UInt32

  @inline(__always)
  subscript(index: UInt32) -> Element {
    unsafeAddress {
      precondition(index < capacity)
      return UnsafePointer(base + Int(index))
    }
    nonmutating unsafeMutableAddress {
      precondition(index < capacity)
      return base + Int(index)
    }
  }
}
