/// A message of an engine on its way to subscribers: JSON that is passed on as it is, or put
/// together with those after it. What the messages look like is in the README of `Feed`.
package struct Payload {
  package enum Kind: Equatable {
    /// Covers these sequences of the symbol.
    case stretch(first: UInt64, last: UInt64)
    /// The whole book at this sequence.
    case snapshot(sequence: UInt64)
    /// The engine could not publish these.
    case gap(first: UInt64, last: UInt64)
    /// A state that replaces the one before; with the same key it may be left out.
    case state(key: Int)
  }

  package var kind: Kind
  package var bytes: [UInt8]

  /// A message of the channels `trades` and `book`; nil when it is none.
  package init?(sequenced bytes: [UInt8]) {
    // Everything that is looked for stands in front of the first trade or level.
    let head = bytes.prefix(200)
    if Scan.find("\"snapshot\":true", in: head) != nil {
      guard let sequence = Scan.number(after: "\"sequence\":", in: head) else { return nil }
      kind = .snapshot(sequence: UInt64(sequence))
    } else {
      guard let first = Scan.number(after: "\"firstSequence\":", in: head),
        let last = Scan.number(after: "\"lastSequence\":", in: head)
      else { return nil }
      let isGap = Scan.find("\"gap\":true", in: head) != nil
      kind =
        isGap
        ? .gap(first: UInt64(first), last: UInt64(last))
        : .stretch(first: UInt64(first), last: UInt64(last))
    }
    self.bytes = bytes
  }

  /// A message of the channels that carry a state. A candle's time is its key: one that is final
  /// must not be replaced by the next one.
  package init(state bytes: [UInt8], isCandle: Bool) {
    let time = isCandle ? Scan.number(after: "\"time\":", in: bytes[...]) : nil
    kind = .state(key: time ?? 0)
    self.bytes = bytes
  }

  /// Whether the two are stretches that follow on from each other.
  func isFollowed(by next: Payload) -> Bool {
    guard case .stretch(_, let last) = kind, case .stretch(let first, _) = next.kind else {
      return false
    }
    return first == last + 1
  }
}

/// Puts stretches that follow on from each other together into one.
enum Merge {
  static func trades(_ payloads: ArraySlice<Payload>, into output: inout [UInt8]) {
    start(payloads, into: &output)
    append(",\"trades\":[", to: &output)
    var isFirst = true
    for payload in payloads {
      guard let list = list(after: "\"trades\":[", in: payload.bytes[...], upTo: "]}"),
        !list.isEmpty
      else { continue }
      if !isFirst { output.append(UInt8(ascii: ",")) }
      isFirst = false
      output += list
    }
    append("]}", to: &output)
  }

  /// Of each level, what it shows at the end.
  static func book(_ payloads: ArraySlice<Payload>, into output: inout [UInt8]) {
    start(payloads, into: &output)
    append(",\"time\":", to: &output)
    // What only says where the book is has none.
    let times = payloads.lazy.reversed().compactMap {
      Scan.number(after: "\"time\":", in: $0.bytes.prefix(200))
    }
    output += Array(String(times.first ?? 0).utf8)
    append(",\"bids\":[", to: &output)
    side(payloads, "\"bids\":[", upTo: "],\"asks\"", isBid: true, into: &output)
    append("],\"asks\":[", to: &output)
    side(payloads, "\"asks\":[", upTo: "]}", isBid: false, into: &output)
    append("]}", to: &output)
  }

  /// `{"symbol":"S","firstSequence":…,"lastSequence":…`
  private static func start(_ payloads: ArraySlice<Payload>, into output: inout [UInt8]) {
    guard let head = payloads.first, case .stretch(let first, _) = head.kind,
      case .stretch(_, let last)? = payloads.last?.kind,
      let end = Scan.find(",\"firstSequence\"", in: head.bytes[...])
    else { preconditionFailure("only stretches are put together") }
    output += head.bytes[..<end]
    append(",\"firstSequence\":\(first),\"lastSequence\":\(last)", to: &output)
  }

  private struct Level {
    var price: Int64
    var order: Int
    var text: ArraySlice<UInt8>
  }

  private static func side(
    _ payloads: ArraySlice<Payload>, _ name: StaticString, upTo end: StaticString, isBid: Bool,
    into output: inout [UInt8]
  ) {
    var levels: [Level] = []
    for payload in payloads {
      guard let list = list(after: name, in: payload.bytes[...], upTo: end) else { continue }
      split(list) { price, text in
        levels.append(Level(price: price, order: levels.count, text: text))
      }
    }
    levels.sort { left, right in
      if left.price != right.price { return (left.price > right.price) == isBid }
      return left.order < right.order
    }
    var isFirst = true
    for index in levels.indices {
      // Of several changes of one level only the last counts.
      if index + 1 < levels.count, levels[index + 1].price == levels[index].price { continue }
      if !isFirst { output.append(UInt8(ascii: ",")) }
      isFirst = false
      output += levels[index].text
    }
  }

  /// Each `["70000.00","0.5"]` of a list. All prices of a symbol have the same number of decimals,
  /// so the digits alone order them.
  private static func split(
    _ list: ArraySlice<UInt8>, _ body: (Int64, ArraySlice<UInt8>) -> Void
  ) {
    var index = list.startIndex
    while index < list.endIndex {
      let start = index
      var price: Int64 = 0
      index += 2
      while index < list.endIndex, list[index] != UInt8(ascii: "\"") {
        if list[index] &- 0x30 < 10 { price = price &* 10 &+ Int64(list[index] &- 0x30) }
        index += 1
      }
      while index < list.endIndex, list[index] != UInt8(ascii: "]") { index += 1 }
      guard index < list.endIndex else { return }
      body(price, list[start...index])
      index += 2
    }
  }

  private static func list(
    after name: StaticString, in bytes: ArraySlice<UInt8>, upTo end: StaticString
  ) -> ArraySlice<UInt8>? {
    guard let start = Scan.find(name, in: bytes) else { return nil }
    let list = bytes[(start + name.utf8CodeUnitCount)...]
    // The last list of a message ends with the message.
    let length = end.utf8CodeUnitCount
    if length == 2 { return list.dropLast(2) }
    return Scan.find(end, in: list).map { list[..<$0] }
  }

  private static func append(_ text: String, to output: inout [UInt8]) {
    output.append(contentsOf: text.utf8)
  }
}
