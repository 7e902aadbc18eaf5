/// SplitMix64: small, quick, and the same numbers again from the same seed.
struct Random: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// 0 ..< bound, by one multiplication; the bias is below 2^-32 for the bounds used here.
  mutating func below(_ bound: Int) -> Int {
    Int(truncatingIfNeeded: ((next() >> 32) &* UInt64(bound)) >> 32)
  }
}

/// How often each of a row of things is chosen, by given weights.
public struct Choice: Sendable {
  /// Each one's upper bound in 2^32; the last is 2^32 itself.
  private let bounds: [UInt64]

  public init(weights: [Double]) {
    precondition(!weights.isEmpty && weights.allSatisfy { $0 >= 0 }, "weights to choose by")
    let total = weights.reduce(0, +)
    precondition(total > 0, "something to choose")
    var sum = 0.0
    bounds = weights.indices.map { index in
      sum += weights[index]
      return index + 1 == weights.count ? 1 << 32 : UInt64(sum / total * 4_294_967_296)
    }
  }

  /// The n-th is chosen 1/n^exponent times as often as the first; 0 chooses evenly.
  public init(zipf exponent: Double, count: Int) {
    self.init(weights: (1...count).map { 1 / power(Double($0), exponent) })
  }

  func pick(_ random: inout Random) -> Int {
    if bounds.count == 1 { return 0 }
    let point = random.next() >> 32
    var low = 0
    var high = bounds.count - 1
    while low < high {
      let middle = (low + high) / 2
      if point < bounds[middle] { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// How often each is chosen in so many draws from a seed.
  package func drawn(_ times: Int, seed: UInt64) -> [Int] {
    var random = Random(seed: seed)
    return (0..<times).reduce(into: Array(repeating: 0, count: bounds.count)) { counts, _ in
      counts[pick(&random)] += 1
    }
  }
}
