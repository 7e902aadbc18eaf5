import OrderBook
import SymbolState
import TestSupport
import Testing
import Wire

private struct GivenUp: Error {}

@Suite("A snapshot of a symbol's state")
struct StateSnapshotTests {
  private static let capacity = Capacity(orders: 4096, refillsPerCommand: 256)

  private func run(
    _ state: inout SymbolState, _ commands: some Sequence<Command>, _ events: inout EventBuffer
  ) -> [UInt8] {
    var outcomes: [UInt8] = []
    for command in commands {
      var command = command
      events.removeAll()
      switch state.execute(&command, now: Int64(state.sequence), events: &events) {
      case .accepted: outcomes.append(0)
      case .refused(let refusal): outcomes.append(refusal.rawValue)
      case .duplicate: outcomes.append(255)
      }
    }
    return outcomes
  }

  private func orders(_ range: Range<Int>) -> [Command] {
    range.map { number in
      var command = Command(.place, account: UInt64(1 + number % 7))
      command.side = (number * 7919 % 2 == 0 ? Side.buy : .sell).rawValue
      command.type = OrderType.limit.rawValue
      command.time_in_force = TimeInForce.goodTillCancelled.rawValue
      command.self_trade_prevention = SelfTradePrevention.none.rawValue
      command.terms.price = Int64(1000 + number * 104_729 % 40)
      command.terms.quantity = Int64(1 + number * 31 % 9)
      command.setKey(Array("k\(number)".utf8))
      return command
    }
  }

  /// Takes a snapshot while commands go on, in slices of the size, and reads it in odd pieces.
  private func copy(
    _ state: inout SymbolState, slice: Int, during commands: [Command],
    _ events: inout EventBuffer
  ) throws -> SymbolState {
    var bytes: [UInt8] = []
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: slice, alignment: 8)
    defer { buffer.deallocate() }
    state.beginSnapshot()
    var next = 0
    while state.isWritingSnapshot {
      guard let length = state.writeSnapshot(into: buffer) else { throw GivenUp() }
      bytes.append(contentsOf: buffer[..<length])
      let end = min(next + 3, commands.count)
      _ = run(&state, commands[next..<end], &events)
      next = end
    }
    _ = run(&state, commands[next...], &events)
    var reader = try StateSnapshotReader(
      symbol: 1, capacity: StateSnapshotTests.capacity, keyWindow: 1000)
    try bytes.withUnsafeBytes { bytes in
      for start in stride(from: 0, to: bytes.count, by: 777) {
        let piece = bytes[start..<min(start + 777, bytes.count)]
        try reader.read(UnsafeRawBufferPointer(rebasing: piece))
      }
    }
    return try reader.finish()
  }

  @Test("taken in slices between commands, it is that of its moment and goes on the same way")
  func slices() throws {
    let capacity = StateSnapshotTests.capacity
    var state = try SymbolState(symbol: 1, capacity: capacity, keyWindow: 1000)
    var twin = try SymbolState(symbol: 1, capacity: capacity, keyWindow: 1000)
    var events = try EventBuffer(capacity: state.book.mostEventsPerCommand)
    _ = run(&state, orders(0..<3000), &events)
    _ = run(&twin, orders(0..<3000), &events)
    let moment = state.hash
    let twinMoment = twin.hash
    #expect(moment == twinMoment)
    var restored = try copy(&state, slice: 4096, during: orders(3000..<4000), &events)
    let copied = restored.hash
    #expect(copied == moment)
    // Among what follows are keys from before the snapshot: duplicates and forgotten ones.
    let rest = orders(3000..<4000) + orders(1500..<5000)
    let expected = run(&twin, rest, &events)
    let found = run(&restored, rest, &events)
    #expect(found == expected)
    let (end, twinEnd) = (restored.hash, twin.hash)
    #expect(end == twinEnd)
  }

  @Test("with its end cut off, or of another symbol, it is not taken for good")
  func damage() throws {
    let capacity = StateSnapshotTests.capacity
    var state = try SymbolState(symbol: 1, capacity: capacity, keyWindow: 1000)
    var events = try EventBuffer(capacity: state.book.mostEventsPerCommand)
    _ = run(&state, orders(0..<50), &events)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 8)
    defer { buffer.deallocate() }
    state.beginSnapshot()
    guard let length = state.writeSnapshot(into: buffer), !state.isWritingSnapshot else {
      throw GivenUp()
    }
    for end in stride(from: 0, to: length, by: 13) {
      #expect(throws: (any Error).self) {
        var reader = try StateSnapshotReader(symbol: 1, capacity: capacity, keyWindow: 1000)
        try reader.read(UnsafeRawBufferPointer(rebasing: buffer[..<end]))
        _ = try reader.finish()
      }
    }
    #expect(throws: (any Error).self) {
      var reader = try StateSnapshotReader(symbol: 2, capacity: capacity, keyWindow: 1000)
      try reader.read(UnsafeRawBufferPointer(rebasing: buffer[..<length]))
      _ = try reader.finish()
    }
  }
}
