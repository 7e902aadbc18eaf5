import Glibc

/// One set-up of Outcry on a host; its name begins the names of all its segments.
public struct Instance: Hashable, Sendable {
  public let name: String

  public init(name: String) throws(SegmentError) {
    let usable = name.utf8.allSatisfy { Instance.isPlain($0) && $0 != UInt8(ascii: ".") }
    guard usable, (1...64).contains(name.utf8.count) else { throw .badName(name) }
    self.name = name
  }

  public var exchangeName: String { "/\(prefix)exchange" }

  /// Bytes that a file name cannot carry are written as %XX; so is the first letter of a symbol
  /// that would otherwise be taken for the exchange.
  public func segmentName(ofSymbol symbol: String) -> String {
    let safe = symbol == "exchange" ? "%65xchange" : Instance.escaped(symbol)
    return "/\(prefix)\(safe)"
  }

  /// The names of the segments that exist.
  public func list() -> [String] {
    guard let folder = opendir("/dev/shm") else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { bytes in
        bytes.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasPrefix(prefix) { names.append("/" + name) }
    }
    return names.sorted()
  }

  /// Unlinks every segment. Only for when no process of the instance runs: one that did would
  /// go on alone in memory that nobody else can find.
  @discardableResult
  public func removeAll() -> Int {
    list().reduce(0) { removed, name in shm_unlink(name) == 0 ? removed + 1 : removed }
  }

  private var prefix: String { "outcry.\(name)." }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
      UInt8(ascii: "."):
      true
    default: false
    }
  }

  private static func escaped(_ name: String) -> String {
    var escaped = ""
    for byte in name.utf8 {
      if isPlain(byte) {
        escaped.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        let digits = String(byte, radix: 16, uppercase: true)
        escaped += "%" + (digits.utf8.count == 1 ? "0" : "") + digits
      }
    }
    return escaped
  }
}
