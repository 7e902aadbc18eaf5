import CFCGI
import Glibc

/// Where the parameters of one request are. libfcgi compares each one with the name that is looked
/// for; a request asks for a dozen names, most of which are not there, so the lengths of all names
/// are noted once and nearly every comparison is one of two integers.
struct ParameterIndex {
  private struct Entry {
    var text: UnsafeMutablePointer<CChar>
    var nameLength: Int
  }

  /// More than any request that nginx lets through usually has; what is beyond it is looked for in
  /// libfcgi's way.
  private static let capacity = 48

  private let entries: UnsafeMutablePointer<Entry>
  private var count = 0
  private var rest: FCGX_ParamArray?
  private var isMade = false

  init() { entries = .allocate(capacity: ParameterIndex.capacity) }

  func deallocate() { entries.deallocate() }

  /// Another request: its parameters are looked at when the first one is asked for.
  mutating func forget() { isMade = false }

  mutating func value(
    of name: StaticString, in parameters: FCGX_ParamArray?
  ) -> UnsafeRawBufferPointer? {
    if !isMade { make(parameters) }
    let length = name.utf8CodeUnitCount
    for index in 0..<count where entries[index].nameLength == length {
      let text = entries[index].text
      guard memcmp(text, name.utf8Start, length) == 0 else { continue }
      let value = text + length + 1
      return UnsafeRawBufferPointer(start: value, count: strlen(value))
    }
    guard let rest else { return nil }
    let text = UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
    guard let value = FCGX_GetParam(text, rest) else { return nil }
    return UnsafeRawBufferPointer(start: value, count: strlen(value))
  }

  private mutating func make(_ parameters: FCGX_ParamArray?) {
    count = 0
    rest = parameters
    isMade = true
    while let text = rest?.pointee, count < ParameterIndex.capacity {
      if let end = strchr(text, CInt(UInt8(ascii: "="))) {
        entries[count] = Entry(text: text, nameLength: end - text)
        count += 1
      }
      rest = rest.map { $0 + 1 }
    }
    if rest?.pointee == nil { rest = nil }
  }
}
