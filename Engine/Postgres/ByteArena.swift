/// A growing run of bytes in network byte order that keeps its memory between uses.
struct ByteArena: ~Copyable {
  private(set) var memory: UnsafeMutableRawBufferPointer
  private(set) var count = 0

  init(capacity: Int) {
    memory = .allocate(byteCount: capacity, alignment: 16)
  }

  deinit { memory.deallocate() }

  mutating func removeAll() { count = 0 }

  /// Room for `length` more bytes, at the end.
  mutating func extend(by length: Int) -> UnsafeMutableRawPointer {
    if count + length > memory.count { grow(to: count + length) }
    let place = memory.baseAddress! + count
    count += length
    return place
  }

  private mutating func grow(to needed: Int) {
    let larger = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(needed, memory.count * 2), alignment: 16)
    larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[..<count]))
    memory.deallocate()
    memory = larger
  }

  mutating func append<Value: FixedWidthInteger>(_ value: Value) {
    extend(by: MemoryLayout<Value>.size)
      .storeBytes(of: value.bigEndian, as: Value.self)
  }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress else { return }
    extend(by: bytes.count).copyMemory(from: base, byteCount: bytes.count)
  }
}
