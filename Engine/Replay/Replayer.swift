import OrderBook
import Store
import SymbolState
import Wire

/// A symbol's state on its way through the journal.
///
/// Unlike an engine, which trusts what it finds, it names whatever no engine can have written.
public struct Replayer: ~Copyable {
  public private(set) var state: SymbolState
  private var events: EventBuffer
  private var epoch: UInt64 = 0

  /// Begins at the journal's start.
  public init(symbol: UInt32) throws { try self.init(from: SymbolState(symbol: symbol)) }

  public init(from state: consuming SymbolState) throws {
    events = try EventBuffer(capacity: state.book.mostEventsPerCommand)
    self.state = state
  }

  /// Runs the journal through the sequence and tells each command with its events.
  public mutating func run(
    _ journal: JournalReader, through last: UInt64,
    _ body: (Command, UnsafeBufferPointer<Event>) throws -> Void = { _, _ in }
  ) throws {
    guard state.sequence < last else { return }
    var failure: (any Error)?
    do {
      try journal.read(from: state.sequence + 1, through: last) { commands, epoch in
        do { try run(commands, epoch, body) } catch { failure = error }
        return failure == nil
      }
    } catch {
      if case .notStored(let error) = error { throw error }
      throw Difference.journal("\(error)")
    }
    if let failure { throw failure }
    guard state.sequence == last else {
      throw Difference.journalEnds(at: state.sequence, before: last)
    }
  }

  /// The bytes of a snapshot of the state as it is.
  public mutating func writeSnapshot(_ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
    try state.writeSnapshot(slice: 1 << 20, body)
  }

  private mutating func run(
    _ commands: UnsafeBufferPointer<Command>, _ epoch: UInt64,
    _ body: (Command, UnsafeBufferPointer<Event>) throws -> Void
  ) throws {
    guard epoch >= self.epoch else {
      throw Difference.epochFell(
        sequence: state.sequence + 1, from: self.epoch, to: epoch)
    }
    self.epoch = epoch
    for command in commands {
      if let flaw = flaw(in: command) {
        throw Difference.record(sequence: state.sequence + 1, what: flaw)
      }
      events.removeAll()
      guard state.replay(command, events: &events) else {
        throw Difference.refused(sequence: state.sequence + 1)
      }
      try events.withEvents { try body(command, $0) }
    }
  }

  /// What the engine stamps and the workers see to, and the book therefore relies on.
  private func flaw(in command: Command) -> String? {
    let expected = state.sequence + 1
    if command.sequence != expected { return "it is numbered \(command.sequence)" }
    if command.time < state.time { return "its time \(command.time) is before \(state.time)" }
    if command.account > UInt64(Int64.max) { return "there is no account \(command.account)" }
    if command.key_length > UInt8(Command.keyCapacity) { return "its key is too long" }
    guard command.kind == CommandKind.place.rawValue else { return nil }
    if command.order_id != OrderID.make(symbol: state.symbol, sequence: expected) {
      return "its order has the id \(command.order_id)"
    }
    let isPlain = command.withKey { $0.allSatisfy { (0x21...0x7E).contains($0) } }
    let isClients = OrderFlags(rawValue: command.flags).contains(.clientKey)
    return isClients && !isPlain ? "its client order id is not plain text" : nil
  }
}
