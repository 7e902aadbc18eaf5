import Postgres
import Store
import TestSupport

/// 200 MB, which is what a book of a million open orders takes.
struct SnapshotBenchmark {
  let settings: String

  init(_ settings: String) throws {
    self.settings = settings
    try Schema.migrate(Connection(settings))
  }

  func run() throws {
    var state = [UInt8](repeating: 0, count: 1 << 20)
    for index in state.indices { state[index] = UInt8(truncatingIfNeeded: index &* 31 >> 3) }
    let began = monotonicSeconds()
    let writer = try SnapshotWriter(
      symbol: 1, sequence: 1, epoch: 1, connection: Connection(settings))
    for _ in 0..<200 { try state.withUnsafeBytes { try writer.append($0) } }
    try writer.finish(format: 1)
    let written = monotonicSeconds()
    let snapshots = Snapshots(symbol: 1, connection: try Connection(settings))
    var length = 0
    try snapshots.read(try snapshots.labels()[0]) { length += $0.count }
    precondition(length == 200 << 20, "not what was written")
    print("  200 MB: written in \(written - began) s, read in \(monotonicSeconds() - written) s")
  }
}
