import Glibc
import OrderBook
import Wire

/// What the book asks of a side's price levels: find or make one, take one out, say the best.
protocol PriceLevels: ~Copyable {
  init(highestFirst: Bool) throws
  mutating func touch(_ price: Int64)
  mutating func remove(_ price: Int64)
  var best: Int64 { get }
}

/// The book's own.
struct TreeOfLevels: PriceLevels, ~Copyable {
  private var reservation: Reservation
  private var ladder: Ladder

  init(highestFirst: Bool) throws {
    var reservation = try Reservation(bytes: Ladder.bytes(capacity: 1 << 18))
    ladder = Ladder(highestFirst: highestFirst, capacity: 1 << 18, in: &reservation)
    self.reservation = reservation
  }

  @inline(__always)
  mutating func touch(_ price: Int64) { _ = ladder.level(at: price) }
  @inline(__always)
  mutating func remove(_ price: Int64) { ladder.remove(ladder.find(price)) }
  var best: Int64 { ladder.bestPrice }
}

/// Second best: prices sorted in an array, the best at its end; searched from there.
struct SortedLevels: PriceLevels, ~Copyable {
  private let sign: Int64
  private var prices: [Int64] = []

  init(highestFirst: Bool) throws {
    sign = highestFirst ? 1 : -1
    prices.reserveCapacity(1 << 18)
  }

  /// Where the price is or belongs.
  @inline(__always)
  private func place(_ key: Int64) -> Int {
    var high = prices.count
    let near = max(0, high - 8)
    while high > near && prices[high - 1] >= key { high -= 1 }
    guard high == near && near > 0 else { return high }
    var low = 0
    while low < high {
      let middle = (low + high) / 2
      if prices[middle] < key { low = middle + 1 } else { high = middle }
    }
    return low
  }

  @inline(__always)
  mutating func touch(_ price: Int64) {
    let place = place(price * sign)
    if place == prices.count || prices[place] != price * sign {
      prices.insert(price * sign, at: place)
    }
  }

  @inline(__always)
  mutating func remove(_ price: Int64) { prices.remove(at: place(price * sign)) }
  var best: Int64 { (prices.last ?? 0) * sign }
}

/// Third: a level for every price of a window, with three layers of bits to find the next one.
struct FlatLevels: PriceLevels, ~Copyable {
  static let window = 1 << 18
  private let sign: Int64
  private let levels: UnsafeMutablePointer<(Int64, Int64, Int64, Int64, Int64)>
  private var layers: [[UInt64]]

  init(highestFirst: Bool) throws {
    sign = highestFirst ? -1 : 1
    levels = .allocate(capacity: Self.window)
    levels.initialize(repeating: (0, 0, 0, 0, 0), count: Self.window)
    layers = [Self.window >> 6, Self.window >> 12, Self.window >> 18].map {
      [UInt64](repeating: 0, count: max(1, $0))
    }
  }

  deinit { levels.deallocate() }

  @inline(__always)
  private func index(_ price: Int64) -> Int {
    Int(sign < 0 ? Int64(Self.window) - 1 - price : price)
  }

  @inline(__always)
  mutating func touch(_ price: Int64) {
    var index = index(price)
    levels[index].0 = price
    for layer in 0..<3 {
      layers[layer][index >> 6] |= 1 << UInt64(index & 63)
      index >>= 6
    }
  }

  @inline(__always)
  mutating func remove(_ price: Int64) {
    var index = index(price)
    levels[index].0 = 0
    for layer in 0..<3 {
      layers[layer][index >> 6] &= ~(1 << UInt64(index & 63))
      if layers[layer][index >> 6] != 0 { return }
      index >>= 6
    }
  }

  var best: Int64 {
    guard layers[2][0] != 0 else { return 0 }
    var index = layers[2][0].trailingZeroBitCount
    index = index << 6 | layers[1][index].trailingZeroBitCount
    index = index << 6 | layers[0][index].trailingZeroBitCount
    return levels[index].0
  }
}

/// The workloads' changes of levels, without the orders in them.
enum Structures {
  private struct Step {
    let side: Side
    let price: Int64
    let removes: Bool
  }

  static func print(commands count: Int) throws {
    Swift.print("ns per touched or removed level, the best price read after each:")
    for shape in [Workload.standard[0], Workload.standard[3], Workload.wide] {
      let steps = try steps(of: Workload(shape, commands: count, seed: Report.seed))
      let tree = try time(steps, TreeOfLevels.self)
      let sorted = try time(steps, SortedLevels.self)
      let flat = try time(steps, FlatLevels.self)
      Swift.print("  \(shape.name): tree \(tree), sorted array \(sorted), flat window \(flat)")
    }
  }

  private static func steps(of workload: Workload) throws -> [Step] {
    var book = try OrderBook()
    var events = try EventBuffer(capacity: book.mostEventsPerCommand)
    var steps: [Step] = []
    for command in workload.setup + workload.commands {
      events.removeAll()
      _ = book.apply(command, into: &events)
      for index in 0..<events.count {
        let event = events[index]
        guard let side = Side(rawValue: event.level_side) else { continue }
        let removes = event.level_quantity == 0
        if removes || event.kind == EventKind.rested.rawValue {
          steps.append(Step(side: side, price: event.level_price, removes: removes))
        }
      }
    }
    return steps
  }

  @inline(never)
  private static func time<Levels: PriceLevels & ~Copyable>(
    _ steps: [Step], _ type: Levels.Type
  ) throws -> Double {
    var least = Double.infinity
    for _ in 0..<5 {
      var bids = try Levels(highestFirst: true)
      var asks = try Levels(highestFirst: false)
      var sum: Int64 = 0
      let start = Measure.now(CLOCK_THREAD_CPUTIME_ID)
      for step in steps {
        if step.side == .buy {
          if step.removes { bids.remove(step.price) } else { bids.touch(step.price) }
          sum &+= bids.best
        } else {
          if step.removes { asks.remove(step.price) } else { asks.touch(step.price) }
          sum &+= asks.best
        }
      }
      let spent = Measure.now(CLOCK_THREAD_CPUTIME_ID) - start
      precondition(sum != 0, "levels that say nothing")
      least = min(least, Double(spent) / Double(steps.count))
    }
    return (least * 10).rounded() / 10
  }
}
