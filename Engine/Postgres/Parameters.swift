/// A PostgreSQL type this module can send and receive in binary form.
public struct ParameterType: Hashable, Sendable {
  let oid: UInt32

  public static let bool = ParameterType(oid: 16)
  public static let bytea = ParameterType(oid: 17)
  public static let int8 = ParameterType(oid: 20)
  public static let int2 = ParameterType(oid: 21)
  public static let int4 = ParameterType(oid: 23)
  public static let text = ParameterType(oid: 25)
  public static let byteaArray = ParameterType(oid: 1001)
  public static let int2Array = ParameterType(oid: 1005)
  public static let int4Array = ParameterType(oid: 1007)
  public static let textArray = ParameterType(oid: 1009)
  public static let int8Array = ParameterType(oid: 1016)
}

/// The values of one statement in binary form. Made once and filled again for every statement,
/// it takes no memory after the first few.
public final class Parameters {
  // As in `CopyWriter`: nothing here calls out while one of these is changed, and each value of
  // each statement touches all four.
  @exclusivity(unchecked) private(set) var types: [UInt32] = []
  @exclusivity(unchecked) private(set) var lengths: [Int32] = []
  @exclusivity(unchecked) private var places: [Place] = []
  @exclusivity(unchecked) private var arena: ByteArena

  /// Values copied here are found by offset, because the arena moves when it grows.
  private enum Place {
    case null
    case offset(Int)
    case borrowed(UnsafeRawPointer)
  }

  public init(capacity: Int = 1024) {
    arena = ByteArena(capacity: capacity)
    types.reserveCapacity(32)
    lengths.reserveCapacity(32)
    places.reserveCapacity(32)
  }

  public var count: Int { types.count }

  public func removeAll() {
    types.removeAll(keepingCapacity: true)
    lengths.removeAll(keepingCapacity: true)
    places.removeAll(keepingCapacity: true)
    arena.removeAll()
  }

  public func add(_ value: Int64) { note(.int8) { $0.append(value) } }
  public func add(_ value: Int32) { note(.int4) { $0.append(value) } }
  public func add(_ value: Int16) { note(.int2) { $0.append(value) } }
  public func add(_ value: Bool) { note(.bool) { $0.append(value ? 1 : 0 as UInt8) } }

  public func add(_ value: String) {
    var value = value
    value.withUTF8 { utf8 in note(.text) { $0.append(UnsafeRawBufferPointer(utf8)) } }
  }

  public func add(bytes: UnsafeRawBufferPointer) { note(.bytea) { $0.append(bytes) } }

  /// The bytes are read when the statement is sent, and must stay in place until then.
  public func add(borrowing bytes: UnsafeRawBufferPointer) {
    types.append(ParameterType.bytea.oid)
    lengths.append(Int32(bytes.count))
    places.append(bytes.baseAddress.map { .borrowed($0) } ?? .offset(arena.count))
  }

  public func addNull(_ type: ParameterType) {
    types.append(type.oid)
    lengths.append(0)
    places.append(.null)
  }

  public func addInt64s(count: Int, _ element: (Int) -> Int64) {
    addArray(.int8Array, of: .int8, count: count) { arena, index in
      arena.append(Int32(8))
      arena.append(element(index))
    }
  }

  public func addInt16s(count: Int, _ element: (Int) -> Int16) {
    addArray(.int2Array, of: .int2, count: count) { arena, index in
      arena.append(Int32(2))
      arena.append(element(index))
    }
  }

  public func addByteStrings(count: Int, _ element: (Int) -> UnsafeRawBufferPointer) {
    addArray(.byteaArray, of: .bytea, count: count) { arena, index in
      let bytes = element(index)
      arena.append(Int32(bytes.count))
      arena.append(bytes)
    }
  }

  /// The array's wire form: dimensions, null flag, element type, length, lower bound, elements.
  private func addArray(
    _ type: ParameterType, of element: ParameterType, count: Int,
    _ append: (inout ByteArena, Int) -> Void
  ) {
    note(type) { arena in
      arena.append(Int32(count == 0 ? 0 : 1))
      arena.append(Int32(0))
      arena.append(element.oid)
      guard count > 0 else { return }
      arena.append(Int32(count))
      arena.append(Int32(1))
      for index in 0..<count { append(&arena, index) }
    }
  }

  private func note(_ type: ParameterType, _ write: (inout ByteArena) -> Void) {
    let start = arena.count
    write(&arena)
    types.append(type.oid)
    lengths.append(Int32(arena.count - start))
    places.append(.offset(start))
  }

  /// Calls with the arrays libpq wants: types, values, lengths and formats (all binary).
  func withArrays<Result>(
    _ body: (
      UnsafePointer<UInt32>, UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<Int32>,
      UnsafePointer<Int32>
    ) -> Result
  ) -> Result {
    let base = UnsafeRawPointer(arena.memory.baseAddress!)
    return withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: max(count, 1)) {
      values in
      withUnsafeTemporaryAllocation(of: Int32.self, capacity: max(count, 1)) { formats in
        formats.initialize(repeating: 1)
        values.initialize(repeating: nil)
        for (index, place) in places.enumerated() {
          switch place {
          case .null: break
          case .offset(let offset):
            values[index] = (base + offset).assumingMemoryBound(to: CChar.self)
          case .borrowed(let pointer): values[index] = pointer.assumingMemoryBound(to: CChar.self)
          }
        }
        return body(types, values.baseAddress!, lengths, formats.baseAddress!)
      }
    }
  }
}
