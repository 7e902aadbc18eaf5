import OrderBook
import Wire

/// Everything that a symbol's past decides: its order book, the sequence, and the idempotency keys
/// it remembers. A deterministic machine: the same accepted commands make the same state.
///
/// A new command comes in through `execute`, which stamps it; one from the journal through
/// `replay`, which takes it as it was stamped.
public struct SymbolState: ~Copyable {
  public enum Outcome: Sendable {
    case accepted
    /// Nothing has changed.
    case refused(Refusal)
    /// Nothing has changed: the command with this sequence had the same key and content.
    case duplicate(of: UInt64)
  }

  public let symbol: UInt32
  /// Of the last accepted command; 0 before the first.
  public private(set) var sequence: UInt64 = 0
  /// Microseconds since 1970; never goes back, whatever the clock does.
  public private(set) var time: Int64 = 0
  public internal(set) var book: OrderBook
  var keys: KeyWindow
  var snapshot: SnapshotCursor?

  /// A symbol without a past and without limits: its first engine journals its rules.
  public init(symbol: UInt32, capacity: Capacity = Capacity(), keyWindow: Int = 1 << 20)
    throws(ReservationFailure)
  {
    self.symbol = symbol
    book = try OrderBook(capacity: capacity)
    keys = KeyWindow(window: keyWindow, openOrders: capacity.orders)
  }

  init(
    symbol: UInt32, sequence: UInt64, time: Int64, book: consuming OrderBook,
    keys: consuming KeyWindow
  ) {
    self.symbol = symbol
    self.sequence = sequence
    self.time = time
    self.book = book
    self.keys = keys
  }

  /// The same for two states exactly when (but for chance) they will answer every further command
  /// alike. Walks everything.
  public var hash: UInt64 {
    (book.stateHash ^ keys.hash &* 0x9E37_79B9_7F4A_7C15) &+ sequence &* 31 &+ UInt64(time)
  }

  /// Runs a new command at the given time. An accepted one is stamped with sequence, time and, for
  /// an order, its id; it is then what the journal must hold. One that sets some of the limits is
  /// given the others, so that what was set a moment before by somebody else stays.
  public mutating func execute(
    _ command: inout Command, now: Int64, events: inout EventBuffer
  ) -> Outcome {
    var key: KeyWindow.Entry?
    if command.key_length > 0 {
      let entry = KeyWindow.Entry(
        fingerprint: Fingerprint(keyOf: command), content: Fingerprint.content(of: command),
        sequence: sequence + 1)
      if let known = keys.find(entry.fingerprint) {
        guard known.content == entry.content else { return .refused(.keyReused) }
        return .duplicate(of: known.sequence)
      }
      key = entry
    }
    command.sequence = sequence + 1
    command.time = max(time, now)
    if command.kind == CommandKind.place.rawValue {
      command.order_id = OrderID.make(symbol: symbol, sequence: command.sequence)
    }
    if command.kind == CommandKind.configure.rawValue, command.changes != 0 {
      command.rules = book.rules.taking(Limits(rawValue: command.changes), from: command.rules)
      // Each of two was right when it was asked for.
      guard command.rules.isQuoteBounded else { return .refused(.malformed) }
    }
    if let refusal = book.apply(command, into: &events) { return .refused(refusal) }
    finish(command, key)
    return .accepted
  }

  /// Runs a command that an engine accepted before. False: it cannot follow on this state, so the
  /// journal and this program do not agree.
  public mutating func replay(_ command: Command, events: inout EventBuffer) -> Bool {
    guard command.sequence == sequence + 1 else { return false }
    guard book.apply(command, into: &events) == nil else { return false }
    var key: KeyWindow.Entry?
    if command.key_length > 0 {
      key = KeyWindow.Entry(
        fingerprint: Fingerprint(keyOf: command), content: Fingerprint.content(of: command),
        sequence: command.sequence)
    }
    finish(command, key)
    return true
  }

  private mutating func finish(_ command: Command, _ key: KeyWindow.Entry?) {
    sequence = command.sequence
    time = command.time
    guard let key else { return }
    keys.insert(key, of: symbol, openIn: book)
  }
}
