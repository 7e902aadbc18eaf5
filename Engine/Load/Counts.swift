import Glibc

/// How often each of a few things happened, by name.
public struct Counts: Equatable, Sendable {
  public struct Entry: Equatable, Sendable {
    public var name: [UInt8]
    public var count: UInt64

    public var text: String { String(decoding: name, as: UTF8.self) }
  }

  public private(set) var entries: [Entry] = []

  public init() {}

  public var total: UInt64 { entries.reduce(0) { $0 + $1.count } }

  public subscript(_ name: String) -> UInt64 {
    entries.first { $0.name.elementsEqual(name.utf8) }?.count ?? 0
  }

  public mutating func add(_ name: String, _ times: UInt64 = 1) {
    if times > 0 { Array(name.utf8).withUnsafeBytes { add($0, times) } }
  }

  /// Allocates only when the name is new.
  mutating func add(_ name: UnsafeRawBufferPointer, _ times: UInt64 = 1) {
    for index in entries.indices where entries[index].name.count == name.count {
      let isSame = entries[index].name.withUnsafeBytes { stored in
        name.isEmpty || memcmp(stored.baseAddress!, name.baseAddress!, name.count) == 0
      }
      if isSame {
        entries[index].count += times
        return
      }
    }
    entries.append(Entry(name: Array(name), count: times))
  }

  public static func += (left: inout Counts, right: Counts) {
    for entry in right.entries { entry.name.withUnsafeBytes { left.add($0, entry.count) } }
  }

  /// The most frequent first.
  public var sorted: [(name: String, count: UInt64)] {
    entries.map { (name: $0.text, count: $0.count) }.sorted {
      $0.count == $1.count ? $0.name < $1.name : $0.count > $1.count
    }
  }

  var json: JSON { .object(sorted.map { JSON.Member($0.name, .int($0.count)) }) }

  init?(_ json: JSON?) {
    guard let members = json?.members else { return nil }
    for member in members {
      guard let count = member.value.int, count >= 0 else { return nil }
      add(member.name, UInt64(count))
    }
  }
}
