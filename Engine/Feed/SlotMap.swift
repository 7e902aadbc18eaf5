import Settings

/// Which node of a cluster has which slots, as one of its nodes sees it.
package struct SlotMap: Hashable, Sendable {
  private struct Stretch: Hashable {
    var slots: ClosedRange<Int>
    var master: Address
  }

  private var stretches: [Stretch] = []
  /// Masters and replicas.
  package private(set) var nodes: [Address] = []

  /// An answer to `CLUSTER SLOTS`; nil when it is none.
  package init?(_ reply: RedisReply, from asked: Address) {
    guard case .array(let rows) = reply else { return nil }
    for row in rows {
      guard case .array(let parts) = row, parts.count >= 3, case .integer(let first) = parts[0],
        case .integer(let last) = parts[1], 0 <= first, first <= last, last < HashSlot.count
      else { return nil }
      let found = parts.dropFirst(2).map { Self.address($0, asked) }
      guard let master = found[found.startIndex] else { return nil }
      stretches.append(Stretch(slots: Int(first)...Int(last), master: master))
      for case let node? in found where !nodes.contains(node) { nodes.append(node) }
    }
  }

  /// Nobody may have a slot.
  package func master(of slot: Int) -> Address? {
    stretches.first { $0.slots.contains(slot) }?.master
  }

  /// A node has a host, a port and an id, and may have more.
  private static func address(_ node: RedisReply, _ asked: Address) -> Address? {
    guard case .array(let parts) = node, parts.count >= 2,
      case .integer(let number) = parts[1], let port = UInt16(exactly: number), port > 0
    else { return nil }
    switch parts[0] {
    case .text(let host): return Address(host: host, port: port, toldBy: asked)
    case .null: return Address(host: "", port: port, toldBy: asked)
    default: return nil
    }
  }
}

/// Where a node says that a slot is.
package struct Redirection: Hashable, Sendable {
  package enum Kind: Sendable {
    /// For good: everything about the slot is to be asked there.
    case moved
    /// The slot is on its way: only this once, and announced with `ASKING`.
    case ask
  }

  package var kind: Kind
  package var slot: Int
  package var address: Address

  /// `MOVED 3999 127.0.0.1:6381` and `ASK …`; nil for other words.
  package init?(_ message: String, from asked: Address) {
    let words = message.split(separator: " ")
    guard words.count == 3, let slot = Int(words[1]), 0..<HashSlot.count ~= slot,
      let colon = words[2].lastIndex(of: ":"),
      let port = UInt16(words[2][words[2].index(after: colon)...]), port > 0
    else { return nil }
    switch words[0] {
    case "MOVED": kind = .moved
    case "ASK": kind = .ask
    default: return nil
    }
    self.slot = slot
    address = Address(host: String(words[2][..<colon]), port: port, toldBy: asked)
  }
}

extension Address {
  /// A node that does not know by which name it is reached leaves its host out.
  fileprivate init(host: String, port: UInt16, toldBy asked: Address) {
    if !host.isEmpty && host != "?" {
      self = .tcp(host: host, port: port)
    } else if case .tcp(let own, _) = asked {
      self = .tcp(host: own, port: port)
    } else {
      self = .tcp(host: "127.0.0.1", port: port)
    }
  }
}
