import Glibc
import SharedMemory

/// Publishes boards without a pause. Every number on one is made from its sequence. Small boards
/// in between turn the two copies over faster than a large one is read.
func runBoardWriter(_ arguments: Arguments) throws {
  guard let lock = try arguments.symbol().engineLock() else { exit(2) }
  let writer = lock.boardWriter
  var bids = [BoardLevel](repeating: BoardLevel(), count: 1024)
  var asks = bids
  var sequence = lock.symbol.board.summary()?.sequence ?? 0
  say("ready")
  while true {
    sequence += 1
    let value = Int64(sequence)
    let depth = [1024, 4, 4, 1024, 64, 64][Int(sequence % 6)]
    for index in 0..<depth {
      bids[index] = BoardLevel(price: value + Int64(index), quantity: value)
      asks[index] = BoardLevel(price: value - Int64(index), quantity: value)
    }
    var summary = BoardSummary()
    summary.sequence = sequence
    summary.last_price = value
    bids.withUnsafeBufferPointer { bids in
      asks.withUnsafeBufferPointer { asks in
        writer.publish(
          summary, bids: UnsafeBufferPointer(rebasing: bids[..<depth]),
          asks: UnsafeBufferPointer(rebasing: asks[..<depth]))
      }
    }
  }
}

/// Prints what tells one creation of a segment from another.
func runCreate(_ arguments: Arguments) throws {
  say("\(try arguments.symbol().segment.nonce)")
}

/// Gets as far as a segment with its size and no header, holding the creation lock.
func runDyingCreator(_ arguments: Arguments) throws {
  let plan = SymbolSegment.plan(try arguments.instance(), symbolName: "PROBE", id: 1)
  let descriptor = shm_open(plan.name, O_RDWR | O_CREAT, 0o600)
  precondition(outcry_lock_byte(descriptor, Int64(OUTCRY_LOCK_CREATION)) == 0)
  try Segment.layOut(descriptor, plan)
  say("ready")
  if arguments.text("lives") == nil { kill(getpid(), SIGKILL) }
  pause()
}

/// Has a request in the ring and waits for its end.
func runSlotHolder(_ arguments: Arguments) throws {
  let exchange = try ExchangeSegment.openOrCreate(try arguments.instance())
  guard let slot = try exchange.claimWorkerSlot(), let mailbox = slot.acquireSmall() else {
    exit(2)
  }
  _ = try exchange.claimScore(.worker)
  mailbox.commands[0] = Command(.place, account: 666)
  let position = try arguments.symbol().ring.push(mailbox.post(symbolID: 1, count: 1))
  say("slot \(slot.index) position \(position ?? 0)")
  while true { pause() }
}

/// Waits as an idle engine and as an idle worker do, and prints what that cost.
func runSleeper(_ arguments: Arguments) throws {
  let exchange = try ExchangeSegment.openOrCreate(try arguments.instance())
  guard let lock = try arguments.symbol().engineLock(),
    let slot = try exchange.claimWorkerSlot()
  else { exit(2) }
  var (reader, _) = lock.ringEnds()
  let before = cpuMicros()
  let end = Clock.monotonicNanos() + 1_000_000_000
  while Clock.monotonicNanos() < end {
    _ = reader.waitForWork(timeoutNanos: 100_000_000)
    slot.bell.wait(after: slot.bell.now, timeoutNanos: 100_000_000)
  }
  say("\(cpuMicros() - before)")
}

/// Writes a command into every mailbox until no more are to be had, and prints how many.
func runMailboxHoarder(_ arguments: Arguments) throws {
  let exchange = try ExchangeSegment.openOrCreate(try arguments.instance())
  guard let slot = try exchange.claimWorkerSlot() else { exit(2) }
  var count = 0
  while let mailbox = slot.acquireLarge() {
    mailbox.commands.initialize(repeating: Command(.place))
    count += 1
  }
  say("\(count)")
}

private func cpuMicros() -> Int {
  var usage = rusage()
  getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
  return seconds * 1_000_000 + Int(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
}
