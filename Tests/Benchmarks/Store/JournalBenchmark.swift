import Postgres
import Store
import TestSupport
import Wire

struct JournalBenchmark {
  let connection: Connection
  let journal: Journal
  let settings: String
  let backend: Int32

  init(_ settings: String) throws {
    self.settings = settings
    let observer = try Connection(settings)
    try Schema.migrate(observer)
    connection = observer
    let writing = try Connection(settings)
    backend = writing.backendID
    journal = try Journal(symbol: 1, connection: writing)
  }

  func run() throws {
    var next: UInt64 = 1
    for (size, rounds) in [(1, 4000), (16, 3000), (256, 1500), (1024, 600), (4096, 200)] {
      try append(size: size, rounds: rounds, from: &next)
    }
    try read(through: next - 1)
    pack("of one client, named by it", key: { "bot-7.\($0)" })
    pack("named by nginx", key: { "~" + String($0 &* 0x9E37_79B9_7F4A_7C15, radix: 16).padded })
  }

  /// What a full row costs its writer, and its reader again.
  private func pack(_ what: String, key: (UInt64) -> String) {
    let orders = JournalBenchmark.orders(Journal.mostCommandsPerRow, key: key)
    var row = [UInt8](repeating: 0, count: Journal.rowLength + CommandPacking.slack)
    var room = orders
    var (count, length) = (0, 0)
    var sum: UInt32 = 0
    let rounds = 5000
    func time(_ body: () -> Void) -> String {
      let start = monotonicSeconds()
      for _ in 0..<rounds { body() }
      let each = (monotonicSeconds() - start) / Double(rounds * count) * 1e9
      return "\(Int(each.rounded())) ns"
    }
    orders.withUnsafeBufferPointer { orders in
      row.withUnsafeMutableBytes { row in
        let packing = UnsafeMutableRawBufferPointer(rebasing: row[..<Journal.rowLength])
        (count, length) = CommandPacking.pack(orders, into: packing)
        let packed = UnsafeRawBufferPointer(rebasing: row[..<length])
        let writing = time { _ = CommandPacking.pack(orders, into: packing) }
        let reading = time {
          room.withUnsafeMutableBufferPointer {
            let found = CommandPacking.unpack(packed, from: orders[0].sequence, into: $0)
            precondition(found == count, "not what was packed")
          }
        }
        let checking = time { sum = outcry_crc32c(sum, packed.baseAddress, packed.count) }
        print(
          "  packed, \(what): \(length / count) bytes a command, \(writing),",
          "unpacked \(reading), checksum \(checking) (\(sum))")
      }
    }
  }

  /// Limit orders of two accounts, as workers send them.
  private static func orders(_ count: Int, key: (UInt64) -> String) -> [Command] {
    (0..<UInt64(count)).map { index in
      let mixed = index &* 0x9E37_79B9_7F4A_7C15 >> 32
      var order = Command(.place, account: 7 + mixed & 1)
      order.sequence = 1_000_000 + index
      order.order_id = OrderID.make(symbol: 1, sequence: order.sequence)
      order.time = 1_790_000_000_000_000 + Int64(index) * 33
      order.side = UInt8(1 + mixed & 1)
      order.type = OrderType.limit.rawValue
      order.terms.price = 7_000_000 + Int64(mixed % 200)
      order.terms.quantity = 1000 + Int64(mixed % 8000)
      order.deadline = 40_000_000_000_000 + Int64(index) * 33_000
      order.origin = 500_000 + index
      order.setKey(Array(key(index).utf8))
      return order
    }
  }

  private func append(size: Int, rounds: Int, from next: inout UInt64) throws {
    var batch = [Command](repeating: Command(.place, account: 7), count: size)
    var latencies: [Double] = []
    let before = try position()
    let usedBefore = processorSeconds(of: backend)
    let began = monotonicSeconds()
    for _ in 0..<rounds {
      for index in 0..<size {
        batch[index].sequence = next
        batch[index].time = Int64(next)
        batch[index].terms.price = Int64(next % 200)
        batch[index].terms.quantity = Int64(next % 8000)
        next += 1
      }
      let start = monotonicSeconds()
      try batch.withUnsafeBufferPointer { try journal.append($0, epoch: 1) }
      latencies.append(monotonicSeconds() - start)
    }
    let seconds = monotonicSeconds() - began
    let bytes = try position() - before
    let used = processorSeconds(of: backend) - usedBefore
    latencies.sort()
    func micros(_ fraction: Double) -> Int {
      Int(latencies[Int(Double(latencies.count - 1) * fraction)] * 1e6)
    }
    let commands = size * rounds
    print(
      "  batch \(size): \(Int(Double(commands) / seconds)) commands/s,",
      "append p50 \(micros(0.5)) us, p99 \(micros(0.99)) us,",
      "server \(Int(used / Double(rounds) * 1e6)) us a batch,",
      "\(Int(bytes) / commands) WAL bytes a command")
  }

  private func read(through last: UInt64) throws {
    let start = monotonicSeconds()
    var sum: UInt64 = 0
    let count = try JournalReader(symbol: 1, connection: Connection(settings)).read { run, _ in
      for command in run { sum &+= command.sequence }
      return true
    }
    let seconds = monotonicSeconds() - start
    precondition(count == Int(last) && sum == last * (last + 1) / 2, "not what was written")
    print("  read: \(count) commands in \(seconds) s, \(Int(Double(count) / seconds)) a second")
  }

  private func position() throws -> Int64 {
    try connection.query("select (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint").int64(0, 0)
  }
}

extension String {
  /// As many digits as a request's name has.
  fileprivate var padded: String { String(repeating: "0", count: 32 - utf8.count) + self }
}
