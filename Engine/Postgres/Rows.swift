import CPostgres

/// What a statement gave back. All values arrive in binary form; a null where the caller did not
/// ask for an optional is a programmer's error.
public struct Rows: ~Copyable {
  let result: OpaquePointer

  init(_ result: OpaquePointer) { self.result = result }

  deinit { PQclear(result) }

  public var count: Int { Int(PQntuples(result)) }
  public var isEmpty: Bool { count == 0 }
  public var columns: Int { Int(PQnfields(result)) }

  /// How many rows the statement inserted, changed or removed.
  public var affected: Int {
    PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? 0
  }

  public func isNull(_ row: Int, _ column: Int) -> Bool {
    PQgetisnull(result, Int32(row), Int32(column)) == 1
  }

  /// Valid as long as these rows are.
  public func bytes(_ row: Int, _ column: Int) -> UnsafeRawBufferPointer {
    precondition(row < count && column < columns, "no such field")
    precondition(!isNull(row, column), "field \(column) is null")
    return UnsafeRawBufferPointer(
      start: PQgetvalue(result, Int32(row), Int32(column)),
      count: Int(PQgetlength(result, Int32(row), Int32(column))))
  }

  /// An integer of any width.
  public func int64(_ row: Int, _ column: Int) -> Int64 {
    let bytes = bytes(row, column)
    switch bytes.count {
    case 2: return Int64(Int16(bigEndian: bytes.loadUnaligned(as: Int16.self)))
    case 4: return Int64(Int32(bigEndian: bytes.loadUnaligned(as: Int32.self)))
    case 8: return Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
    default: preconditionFailure("field \(column) is not an integer")
    }
  }

  public func bool(_ row: Int, _ column: Int) -> Bool { bytes(row, column).first == 1 }

  public func text(_ row: Int, _ column: Int) -> String {
    String(decoding: bytes(row, column), as: UTF8.self)
  }

  public func optionalInt64(_ row: Int, _ column: Int) -> Int64? {
    isNull(row, column) ? nil : int64(row, column)
  }

  public func optionalText(_ row: Int, _ column: Int) -> String? {
    isNull(row, column) ? nil : text(row, column)
  }
}
