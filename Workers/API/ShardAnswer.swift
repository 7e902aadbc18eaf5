import Wire

/// What one shard answered with, taken apart as far as it takes to put the answers of all shards
/// together. The parts are passed on as they came.
public struct ShardAnswer: Sendable {
  public typealias Text = ArraySlice<UInt8>

  private let members: [(name: Text, value: Text)]

  /// Nil when it is none of ours: they are objects without blanks.
  public init?(_ body: [UInt8]) {
    guard let members = ShardAnswer.members(body[...]) else { return nil }
    self.members = members
  }

  public func number(_ name: StaticString) -> Int64? { self[name].flatMap(ShardAnswer.number) }

  public func isTrue(_ name: StaticString) -> Bool {
    self[name]?.elementsEqual("true".utf8) == true
  }

  public func text(_ name: StaticString) -> String? {
    self[name].map { String(decoding: $0.dropFirst().dropLast(), as: UTF8.self) }
  }

  public func object(_ name: StaticString) -> ShardAnswer? {
    self[name].flatMap { ShardAnswer(Array($0)) }
  }

  /// The elements of a list; nil when there is none of that name.
  public func list(_ name: StaticString) -> [Text]? { self[name].flatMap(ShardAnswer.elements) }

  private subscript(_ name: StaticString) -> Text? {
    name.withUTF8Buffer { name in members.first { $0.name.elementsEqual(name) }?.value }
  }

  private static func number(_ text: Text) -> Int64? {
    Int64(String(decoding: text, as: UTF8.self))
  }

  private static func members(_ text: Text) -> [(name: Text, value: Text)]? {
    guard text.first == UInt8(ascii: "{"), text.last == UInt8(ascii: "}") else { return nil }
    var members: [(name: Text, value: Text)] = []
    for part in parts(of: text) {
      guard let end = part.dropFirst().firstIndex(of: UInt8(ascii: "\"")), end + 1 < part.endIndex,
        part.first == UInt8(ascii: "\""), part[end + 1] == UInt8(ascii: ":")
      else { return nil }
      members.append((part[(part.startIndex + 1)..<end], part[(end + 2)...]))
    }
    return members
  }

  private static func elements(_ text: Text) -> [Text]? {
    guard text.first == UInt8(ascii: "["), text.last == UInt8(ascii: "]") else { return nil }
    return parts(of: text)
  }

  /// What stands between the commas of the outermost container.
  private static func parts(of text: Text) -> [Text] {
    let inner = text.dropFirst().dropLast()
    guard !inner.isEmpty else { return [] }
    var parts: [Text] = []
    var (start, depth) = (inner.startIndex, 0)
    var (isQuoted, isEscaped) = (false, false)
    for index in inner.indices {
      let byte = inner[index]
      if isQuoted {
        if isEscaped {
          isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
          isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
          isQuoted = false
        }
        continue
      }
      switch byte {
      case UInt8(ascii: "\""): isQuoted = true
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
      case UInt8(ascii: ",") where depth == 0:
        parts.append(inner[start..<index])
        start = index + 1
      default: break
      }
    }
    return parts + [inner[start...]]
  }
}

/// The lists that are put together, and in which order.
public enum ShardLists {
  /// The shards' pages are in order; what comes first of all of them makes up the page of all.
  public struct Row {
    public var text: ShardAnswer.Text
    /// Larger comes first.
    public var place: (time: Int64, symbol: Int64, id: Int64)

    public init?(order text: ShardAnswer.Text) {
      guard let row = ShardAnswer(Array(text)), let time = row.number("createdAt"),
        let id = row.number("orderId")
      else { return nil }
      self.text = text
      place = (time, 0, id)
    }

    /// `symbol` gives a symbol's number.
    public init?(fill text: ShardAnswer.Text, symbol: (String) -> UInt32?) {
      guard let row = ShardAnswer(Array(text)), let time = row.number("time"),
        let name = row.text("symbol"), let symbol = symbol(name), let id = row.number("tradeId")
      else { return nil }
      self.text = text
      place = (time, Int64(symbol), id)
    }
  }

  /// At most `limit` rows, but the two of a trade with oneself stay together.
  public static func newest(_ rows: [Row], limit: Int) -> (rows: [Row], isFull: Bool) {
    // Sorting by place alone would not keep the two of one trade in their order.
    let sorted = rows.enumerated().sorted {
      $0.element.place == $1.element.place
        ? $0.offset < $1.offset : $0.element.place > $1.element.place
    }.map(\.element)
    var count = 0
    var end = 0
    while end < sorted.count {
      if end == 0 || sorted[end].place != sorted[end - 1].place {
        if count == limit { break }
        count += 1
      }
      end += 1
    }
    return (Array(sorted[..<end]), count == limit)
  }
}

extension JSONOutput {
  /// `{"orders":[…]}` or `{"fills":[…]}` out of what shards answered.
  public mutating func gathered(_ name: StaticString, _ rows: [ShardAnswer.Text], next: UInt64?) {
    beginObject()
    key(name)
    list(rows)
    self.next(next)
    endObject()
  }

  public mutating func list(_ rows: [ShardAnswer.Text]) {
    beginArray()
    for row in rows { row.withUnsafeBytes { raw($0) } }
    endArray()
  }
}
