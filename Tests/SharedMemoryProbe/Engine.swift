import Glibc
import SharedMemory

/// The shape of the real engine: take a batch, 'commit' it to a file that survives a kill,
/// reply, ring, release. What the file has already is answered again but not written again.
func runEngine(_ arguments: Arguments) throws {
  let exchange = try ExchangeSegment.openOrCreate(try arguments.instance())
  let symbol = try arguments.symbol()
  guard let lock = try symbol.engineLock() else {
    say("another engine has the symbol")
    exit(2)
  }
  var engine = try Engine(
    lock: lock, exchange: exchange, journal: arguments.text("journal"), death: arguments.death())
  say("epoch \(lock.epoch)")
  while true { engine.runBatch() }
}

struct Engine {
  let lock: EngineLock
  let desk: EngineDesk
  var bells: WorkerBells
  var reader: RingReader
  var releaser: RingReleaser
  var death: Death
  let journal: Int32
  /// The next number of each account.
  private var expected = [UInt64](repeating: 0, count: 1024)
  private var commands: [Command] = []
  private var requests: [TakenRequest] = []
  private var records: [UInt64] = []

  init(lock: EngineLock, exchange: ExchangeSegment, journal path: String?, death: Death) throws {
    self.lock = lock
    desk = lock.desk(in: exchange)
    bells = lock.bells(in: exchange)
    (reader, releaser) = lock.ringEnds()
    self.death = death
    journal = open(path ?? "/dev/null", O_RDWR | O_CREAT | O_APPEND, 0o600)
    commands.reserveCapacity(300_000)
    records.reserveCapacity(600_000)
    var record: [UInt64] = [0, 0]
    while path != nil, read(journal, &record, 16) == 16 {
      expected[Int(record[0])] = record[1] + 1
    }
  }

  mutating func runBatch() {
    guard let last = takeBatch() else {
      // So long that a ring which never came is a test that fails.
      _ = reader.waitForWork(timeoutNanos: 60_000_000_000)
      return
    }
    commit()
    death.comes(at: "committed")
    reply()
    death.comes(at: "replied")
    bells.ringAll()
    death.comes(at: "rung")
    if death.point == "releasing" {
      releaser.free(releaser.head)
      death.comes(at: "releasing")
    }
    releaser.release(through: last)
  }

  private mutating func takeBatch() -> UInt64? {
    commands.removeAll(keepingCapacity: true)
    requests.removeAll(keepingCapacity: true)
    var last: UInt64?
    while requests.count < 256, let next = reader.next() {
      last = next.position
      let outcome = desk.take(next.reference) { offered in
        commands.append(contentsOf: offered)
        death.comes(at: "copying")
      }
      switch outcome {
      case .taken(let request): requests.append(request)
      case .answered: bells.touch(next.reference)
      case .stale: break
      }
      death.comes(at: "taken")
    }
    return last
  }

  private mutating func commit() {
    records.removeAll(keepingCapacity: true)
    for command in commands {
      let account = Int(command.account)
      if command.sequence > expected[account] {
        say("account \(account) skips from \(expected[account]) to \(command.sequence)")
        exit(3)
      }
      if command.sequence < expected[account] { continue }
      expected[account] += 1
      records.append(command.account)
      records.append(command.sequence)
    }
    let written = records.withUnsafeBytes { write(journal, $0.baseAddress!, $0.count) }
    precondition(written == records.count * 8 || records.isEmpty, "short write")
  }

  private mutating func reply() {
    let noFills = UnsafeBufferPointer<Fill>(start: nil, count: 0)
    var next = 0
    for request in requests {
      let end = next + request.commandCount
      defer { next = end }
      guard var writer = desk.beginReply(to: request) else { continue }
      for command in commands[next..<end] {
        var answer = Answer()
        answer.order_id = command.account
        answer.sequence = command.sequence
        writer.append(answer, fills: noFills)
      }
      death.comes(at: "writing")
      writer.finish(touching: &bells)
    }
  }
}
