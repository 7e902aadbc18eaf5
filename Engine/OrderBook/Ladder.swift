/// A node's occupied places; its children are 64 words in the ladder's `children`.
struct NodeHeader {
  var occupied: UInt64 = 0
  /// Or the next free node.
  var parent: UInt32 = 0
  var spare: UInt32 = 0
}

/// The prices of one side in order: a tree of 64-way nodes over the digits of the price.
///
/// The tree is as high as its largest price needs. Prices next to each other share a leaf, so the
/// busy part of a book is a handful of cache lines, whatever the width of the price domain. On
/// the sides whose best price is the highest every digit is stored inverted: the best level is
/// the first place everywhere, and no code asks which side it works for.
package struct Ladder {
  static let bits: UInt64 = 6
  static let tallest: UInt64 = 11

  let levels: Region<Level>
  private let nodes: Region<NodeHeader>
  private let children: Region<UInt32>
  private let flip: UInt64
  private var root: UInt32 = 0
  private var height: UInt64 = 0
  private var freeLevel: UInt32 = 0
  private var freeNode: UInt32 = 0
  private var levelHighWater: UInt32 = 1
  private var nodeHighWater: UInt32 = 1
  /// The leaf last used, and the price without its last digit that leads there.
  private var leaf: UInt32 = 0
  private var leafPrefix: UInt64 = 0
  private(set) var count: UInt32 = 0
  private(set) var best: UInt32 = 0
  /// 0 when the ladder is empty.
  package private(set) var bestPrice: Int64 = 0

  /// Enough for every order at a price of its own: no order can fail to find its level.
  private static func nodes(for capacity: Int) -> Int {
    var total = 0
    var width = 1
    for _ in 0..<tallest {
      total += min(width, capacity)
      width = min(width * 64, capacity)
    }
    return total + Int(tallest) + 1
  }

  package static func bytes(capacity: Int) -> Int {
    Reservation.bytes(Level.self, capacity + 2)
      + Reservation.bytes(NodeHeader.self, nodes(for: capacity))
      + Reservation.bytes(UInt32.self, nodes(for: capacity) * 64)
  }

  package init(highestFirst: Bool, capacity: Int, in reservation: inout Reservation) {
    flip = highestFirst ? 63 : 0
    levels = reservation.carve(Level.self, capacity + 2)
    nodes = reservation.carve(NodeHeader.self, Self.nodes(for: capacity))
    children = reservation.carve(UInt32.self, Self.nodes(for: capacity) * 64)
  }

  @inline(__always)
  private func place(_ price: UInt64, _ shift: UInt64) -> UInt64 {
    (price &>> shift) & 63 ^ flip
  }

  @inline(__always)
  private func child(_ node: UInt32, _ place: UInt64) -> UInt32 {
    children[node &* 64 &+ UInt32(truncatingIfNeeded: place)]
  }

  package func find(_ price: Int64) -> UInt32 {
    let price = UInt64(price)
    if price &>> Self.bits == leafPrefix && leaf != 0 { return child(leaf, place(price, 0)) }
    guard root != 0, height == Self.tallest || price &>> (Self.bits * height) == 0 else { return 0 }
    var node = root
    var shift = Self.bits * height
    while shift > 0 && node != 0 {
      shift -= Self.bits
      node = child(node, place(price, shift))
    }
    return node
  }

  /// The level of a price, made when there is none.
  @inline(__always)
  package mutating func level(at price: Int64) -> UInt32 {
    let digits = UInt64(price)
    if digits &>> Self.bits != leafPrefix || leaf == 0 { seekLeaf(digits) }
    let found = child(leaf, place(digits, 0))
    return found != 0 ? found : makeLevel(price)
  }

  private mutating func seekLeaf(_ price: UInt64) {
    let isEmpty = root == 0
    while root == 0 || height < Self.tallest && price &>> (Self.bits * height) != 0 {
      if isEmpty {
        height = (UInt64(69) &- UInt64((price | 1).leadingZeroBitCount)) / Self.bits
        root = makeNode(parent: 0)
      } else {
        let above = makeNode(parent: 0)
        adopt(root, by: above, at: place(0, 0))
        root = above
        height += 1
      }
    }
    var node = root
    var shift = Self.bits * (height - 1)
    while shift > 0 {
      let place = place(price, shift)
      var below = child(node, place)
      if below == 0 {
        below = makeNode(parent: node)
        adopt(below, by: node, at: place)
      }
      node = below
      shift -= Self.bits
    }
    leaf = node
    leafPrefix = price &>> Self.bits
  }

  private mutating func makeLevel(_ price: Int64) -> UInt32 {
    var level = freeLevel
    if level != 0 {
      freeLevel = levels[level].first
    } else {
      level = levelHighWater
      levelHighWater += 1
    }
    levels[level] = Level(price: price, leaf: leaf)
    let place = place(UInt64(price), 0)
    children[leaf &* 64 &+ UInt32(truncatingIfNeeded: place)] = level
    nodes[leaf].occupied |= 1 &<< place
    count += 1
    if best == 0 || (flip == 0 ? price < bestPrice : price > bestPrice) {
      best = level
      bestPrice = price
    }
    return level
  }

  /// Takes an empty level out.
  package mutating func remove(_ level: UInt32) {
    if level == best {
      best = next(after: level)
      bestPrice = best == 0 ? 0 : levels[best].price
    }
    let price = UInt64(levels[level].price)
    var node = levels[level].leaf
    var shift: UInt64 = 0
    while node != 0 {
      let place = place(price, shift)
      children[node &* 64 &+ UInt32(truncatingIfNeeded: place)] = 0
      nodes[node].occupied &= ~(1 &<< place)
      if nodes[node].occupied != 0 { break }
      let parent = nodes[node].parent
      drop(node)
      node = parent
      shift += Self.bits
    }
    levels[level].first = freeLevel
    freeLevel = level
    count -= 1
  }

  /// The next worse level, or 0.
  func next(after level: UInt32) -> UInt32 {
    let price = UInt64(levels[level].price)
    var node = levels[level].leaf
    var shift: UInt64 = 0
    while node != 0 {
      let later = nodes[node].occupied & ~((2 &<< place(price, shift)) &- 1)
      if later != 0 {
        node = child(node, UInt64(later.trailingZeroBitCount))
        while shift > 0 {
          node = child(node, UInt64(nodes[node].occupied.trailingZeroBitCount))
          shift -= Self.bits
        }
        return node
      }
      node = nodes[node].parent
      shift += Self.bits
    }
    return 0
  }

  private mutating func makeNode(parent: UInt32) -> UInt32 {
    var node = freeNode
    if node != 0 {
      freeNode = nodes[node].parent
    } else {
      node = nodeHighWater
      nodeHighWater += 1
    }
    nodes[node] = NodeHeader(occupied: 0, parent: parent)
    return node
  }

  private func adopt(_ node: UInt32, by parent: UInt32, at place: UInt64) {
    children[parent &* 64 &+ UInt32(truncatingIfNeeded: place)] = node
    nodes[parent].occupied |= 1 &<< place
    nodes[node].parent = parent
  }

  /// A dropped node's children are all 0 again, so that it can be used as it is.
  private mutating func drop(_ node: UInt32) {
    if node == leaf { leaf = 0 }
    if node == root {
      root = 0
      height = 0
    }
    nodes[node].parent = freeNode
    freeNode = node
  }
}
