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
    checksum("by the processor's instruction", outcry_crc32c)
    checksum("without it", outcry_crc32c_portable)
  }

  /// What a full row's checksum costs its writer, and its reader again.
  private func checksum(_ how: String, _ sum: (UInt32, UnsafeRawPointer?, Int) -> UInt32) {
    let row = [Command](repeating: Command(.place, account: 7), count: Journal.commandsPerRow)
    let rounds = 20_000
    var last: UInt32 = 0
    let start = monotonicSeconds()
    row.withUnsafeBytes { for _ in 0..<rounds { last = sum(last, $0.baseAddress, $0.count) } }
    let seconds = monotonicSeconds() - start
    let each = seconds / Double(rounds * row.count) * 1e9
    print("  checksum \(how): \(Int(each.rounded())) ns a command (\(last))")
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
