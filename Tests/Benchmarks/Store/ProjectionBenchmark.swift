import Postgres
import Store
import TestSupport
import Wire

struct ProjectionBenchmark {
  let writer: ProjectionWriter
  let observer: Connection
  let backend: Int32
  let batch: Int
  private static let resting = 20_000

  init(_ settings: String, batch: Int) throws {
    observer = try Connection(settings)
    try Schema.migrate(observer)
    let connection = try Connection(settings)
    backend = connection.backendID
    writer = try ProjectionWriter(symbol: 1, connection: connection)
    self.batch = batch
  }

  func run() throws {
    var market = Market()
    var buffer = ProjectionBuffer(position: 0)
    let orders = batch < 256 ? 60_000 : 300_000
    // The book fills first; from then on every other order meets one that rests.
    while market.resting.count < Self.resting { market.rest(&buffer) }
    try writer.write(&buffer)
    let before = try position()
    let usedBefore = processorSeconds(of: backend)
    var absorbing = 0.0
    let began = monotonicSeconds()
    var done = 0
    while done < orders {
      let start = monotonicSeconds()
      for index in 0..<batch {
        if index % 2 == 0 { market.rest(&buffer) } else { market.take(&buffer) }
      }
      absorbing += monotonicSeconds() - start
      try writer.write(&buffer)
      done += batch
    }
    let seconds = monotonicSeconds() - began
    let bytes = try position() - before
    let used = processorSeconds(of: backend) - usedBefore
    print(
      "  batch \(batch): \(Int(Double(done) / seconds)) orders/s with \(done / 2) trades,",
      "\(Int(seconds * 1e6 / Double(done / batch))) us a batch,",
      "server \(Double(Int(used / Double(done) * 1e7)) / 10) us an order,",
      "making and absorbing \(Int(absorbing / seconds * 100)) %,",
      "\(Int(bytes) / done) WAL bytes an order")
  }

  private func position() throws -> Int64 {
    try observer.query("select (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint").int64(0, 0)
  }
}

/// Orders of 500 accounts, one in four with a client's id; a queue of those that rest.
private struct Market {
  var resting: [(id: UInt64, account: UInt64)] = []
  private var oldest = 0
  private var sequence: UInt64 = 0
  private var trade: UInt64 = 0

  private mutating func place() -> (Command, Event) {
    sequence += 1
    var command = Command(.place, account: sequence &* 2_654_435_761 % 500)
    command.sequence = sequence
    command.time = Int64(sequence)
    command.order_id = OrderID.make(symbol: 1, sequence: sequence)
    command.side = 1
    command.type = 1
    command.time_in_force = 1
    command.self_trade_prevention = 1
    command.terms.price = 7_000_000
    command.terms.quantity = 50_000
    if sequence % 4 == 0 {
      command.setKey("client-order-\(sequence &* 48_271 % 1_000_000)".utf8)
      command.flags = OrderFlags.clientKey.rawValue
    }
    var event = Event()
    event.kind = EventKind.accepted.rawValue
    event.sequence = sequence
    event.time = command.time
    event.order_id = command.order_id
    event.account = command.account
    return (command, event)
  }

  mutating func rest(_ buffer: inout ProjectionBuffer) {
    let (command, accepted) = place()
    var rested = accepted
    rested.kind = EventKind.rested.rawValue
    rested.remaining = command.terms.quantity
    resting.append((command.order_id, command.account))
    [accepted, rested].withUnsafeBufferPointer { buffer.absorb(command, $0) }
  }

  mutating func take(_ buffer: inout ProjectionBuffer) {
    let (command, accepted) = place()
    trade += 1
    var met = accepted
    met.kind = EventKind.trade.rawValue
    met.side = command.side
    met.price = command.terms.price
    met.quantity = command.terms.quantity
    met.trade_id = trade
    met.maker_order_id = resting[oldest].id
    met.maker_account = resting[oldest].account
    oldest += 1
    [accepted, met].withUnsafeBufferPointer { buffer.absorb(command, $0) }
  }
}
