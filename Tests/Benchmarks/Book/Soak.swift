import TestSupport

/// The random comparison with the obvious book, for as long as one likes.
enum Soak {
  static func run(commands: Int, seed: UInt64) throws -> Bool {
    let length = 2_000
    for run in 0..<UInt64(max(1, commands / length)) {
      if run % 5_000 == 4_999 { print("\((run + 1) * UInt64(length)) commands agree") }
      guard var dispute = try ObviousBookDispute(seed: seed &+ run, commands: length) else {
        continue
      }
      try dispute.shrink()
      print("seed \(seed &+ run)\n\(try dispute.table())")
      return false
    }
    print("\(commands) commands from seed \(seed) on: the books agree")
    return true
  }
}
