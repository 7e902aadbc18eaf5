import Glibc
import SharedMemory

/// Sends numbered commands, checks that each answer is its own, prints times.
func runWriter(_ arguments: Arguments) throws {
  let exchange = try ExchangeSegment.openOrCreate(try arguments.instance())
  guard let slot = try exchange.claimWorkerSlot() else {
    say("no worker slot is free")
    exit(2)
  }
  var writer = Writer(
    account: UInt64(arguments.number("account", 1)), total: arguments.number("count"),
    batch: arguments.number("batch", 1), inFlight: arguments.number("in-flight", 1),
    slot: slot, ring: try arguments.symbol().ring, death: arguments.death())
  say("ready")
  writer.run(bellNanos: Int64(arguments.number("wait-seconds", 60)) * 1_000_000_000)
}

struct Writer {
  let account: UInt64
  let total: Int
  let batch: Int
  let inFlight: Int
  let slot: WorkerSlot
  let ring: RequestRing
  var death: Death
  private var waiting: [(mailbox: Mailbox, first: Int, count: Int, start: Int64)] = []
  private var times: [Int64] = []
  private var isHeldUp = false
  private var sent = 0
  private var answered = 0

  init(
    account: UInt64, total: Int, batch: Int, inFlight: Int, slot: WorkerSlot,
    ring: RequestRing, death: Death
  ) {
    self.account = account
    self.total = total
    self.batch = batch
    self.inFlight = inFlight
    self.slot = slot
    self.ring = ring
    self.death = death
    times.reserveCapacity(total / batch + 1)
  }

  /// Waits so long that a ring which never came is a test that fails; but a ring that is full
  /// has no bell, so a request that could not be queued is tried again soon.
  mutating func run(bellNanos: Int64) {
    let start = Clock.monotonicNanos()
    while answered < total {
      while waiting.count < inFlight, sent < total, send() {}
      let seen = slot.bell.now
      if !collect() { slot.bell.wait(after: seen, timeoutNanos: isHeldUp ? 1_000_000 : bellNanos) }
    }
    report(Clock.monotonicNanos() - start)
  }

  /// False when there is no mailbox or no place in the ring.
  private mutating func send() -> Bool {
    let count = min(batch, total - sent)
    guard let mailbox = count <= 16 ? slot.acquireSmall() : slot.acquireLarge() else {
      return false
    }
    isHeldUp = false
    for index in 0..<count {
      var command = Command(.place, account: account)
      command.sequence = UInt64(sent + index)
      mailbox.commands[index] = command
    }
    let start = Clock.monotonicNanos()
    let reference = mailbox.post(symbolID: 1, count: count)
    death.comes(at: "posted")
    guard let position = ring.publish(reference) else {
      isHeldUp = true
      _ = mailbox.giveUp()
      slot.release(mailbox)
      return false
    }
    death.comes(at: "published")
    ring.completePush(at: position)
    death.comes(at: "pushed")
    waiting.append((mailbox, sent, count, start))
    sent += count
    return true
  }

  private mutating func collect() -> Bool {
    let now = Clock.monotonicNanos()
    let answeredBefore = answered
    var kept = 0
    for index in waiting.indices {
      let entry = waiting[index]
      if entry.mailbox.isAnswered {
        check(entry.mailbox, first: entry.first, count: entry.count)
        slot.release(entry.mailbox)
        times.append(now - entry.start)
        answered += entry.count
      } else {
        waiting[kept] = entry
        kept += 1
      }
    }
    waiting.removeLast(waiting.count - kept)
    return answered > answeredBefore
  }

  private func check(_ mailbox: Mailbox, first: Int, count: Int) {
    let answers = mailbox.answers
    var right = answers.count == count
    for (index, answer) in answers.enumerated() {
      right = right && answer.order_id == account && answer.sequence == UInt64(first + index)
    }
    if !right {
      say("an answer to somebody else at \(first)")
      exit(5)
    }
  }

  private func report(_ nanos: Int64) {
    let sorted = times.sorted()
    let at = { (share: Double) in Double(sorted[Int(Double(sorted.count - 1) * share)]) / 1000 }
    let rate = Int(Double(total) / (Double(nanos) / 1e9))
    say(
      "done \(total) commands, \(rate)/s, round trip µs: p50 \(at(0.5)) p99 \(at(0.99)) "
        + "max \(at(1))")
  }
}
