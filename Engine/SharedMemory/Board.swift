import Synchronization

/// One price level of a board, in ticks and lots.
public typealias BoardLevel = outcry_level
/// Everything on a board but its levels.
public typealias BoardSummary = outcry_board_summary

@frozen
@usableFromInline
struct BoardWords {
  @usableFromInline let base: UnsafeMutableRawPointer

  @inlinable init(base: UnsafeMutableRawPointer) { self.base = base }

  @inlinable var version: Word64 { base.word64(Int(OUTCRY_SYMBOL_BOARD_VERSION)) }

  /// The low bit of the version says which copy is in force.
  @inlinable
  func copy(_ version: UInt64) -> UnsafeMutableRawPointer {
    base + Int(OUTCRY_SYMBOL_BOARDS)
      + Int(truncatingIfNeeded: version & 1) &* Int(OUTCRY_BOARD_LENGTH)
  }
}

/// The committed state of a symbol's market, for readers in any process. They take no lock.
public struct Board: @unchecked Sendable {
  @usableFromInline let words: BoardWords

  public static let levelCapacity = Int(OUTCRY_BOARD_LEVELS)

  init(base: UnsafeMutableRawPointer) { words = BoardWords(base: base) }

  /// How many boards were published; 0: none yet.
  @inlinable
  public var version: UInt64 { words.version.pointee.load(ordering: .acquiring) }

  /// A consistent board: the summary and as many of the best levels as the buffers hold and the
  /// board has. `counts` says how many were written. Nil before the first publication, and after
  /// `attempts` in a row that a publication disturbed.
  public func read(
    bids: UnsafeMutableBufferPointer<BoardLevel>, asks: UnsafeMutableBufferPointer<BoardLevel>,
    attempts: Int = 1000
  ) -> (summary: BoardSummary, bids: Int, asks: Int)? {
    read(bids: bids, asks: asks, attempts: attempts, beforeCheck: {})
  }

  /// Tests publish in `beforeCheck`, where a writer does the most harm.
  package func read(
    bids: UnsafeMutableBufferPointer<BoardLevel>, asks: UnsafeMutableBufferPointer<BoardLevel>,
    attempts: Int, beforeCheck: () -> Void
  ) -> (summary: BoardSummary, bids: Int, asks: Int)? {
    for _ in 0..<attempts {
      let before = words.version.pointee.load(ordering: .acquiring)
      if before == 0 { return nil }
      let copy = words.copy(before)
      var summary = BoardSummary()
      copy.loadWords(into: &summary, length: MemoryLayout<BoardSummary>.size)
      let bidCount = min(bids.count, Int(summary.bid_count), Board.levelCapacity)
      let askCount = min(asks.count, Int(summary.ask_count), Board.levelCapacity)
      load(copy + Int(OUTCRY_BOARD_BIDS), bidCount, into: bids)
      load(copy + Int(OUTCRY_BOARD_ASKS), askCount, into: asks)
      beforeCheck()
      atomicMemoryFence(ordering: .acquiring)
      if words.version.pointee.load(ordering: .relaxed) == before {
        return (summary, bidCount, askCount)
      }
    }
    return nil
  }

  public func summary() -> BoardSummary? {
    let none = UnsafeMutableBufferPointer<BoardLevel>(start: nil, count: 0)
    return read(bids: none, asks: none)?.summary
  }

  private func load(
    _ levels: UnsafeMutableRawPointer, _ count: Int,
    into buffer: UnsafeMutableBufferPointer<BoardLevel>
  ) {
    guard let target = buffer.baseAddress else { return }
    levels.loadWords(into: target, length: count * MemoryLayout<BoardLevel>.stride)
  }
}

/// Publishes boards: one thread of the engine that holds the lock. It fills the copy that is not
/// in force and then makes it so; when it dies half-way, the last complete board stays.
public struct BoardWriter: @unchecked Sendable {
  @usableFromInline let words: BoardWords

  init(base: UnsafeMutableRawPointer) { words = BoardWords(base: base) }

  /// The best levels first; `bid_count` and `ask_count` are set here.
  public func publish(
    _ summary: BoardSummary, bids: UnsafeBufferPointer<BoardLevel>,
    asks: UnsafeBufferPointer<BoardLevel>
  ) {
    let next = fill(summary, bids: bids, asks: asks)
    words.version.pointee.store(next, ordering: .releasing)
  }

  package func fill(
    _ summary: BoardSummary, bids: UnsafeBufferPointer<BoardLevel>,
    asks: UnsafeBufferPointer<BoardLevel>
  ) -> UInt64 {
    let next = words.version.pointee.load(ordering: .relaxed) &+ 1
    // Whoever reads a word stored below also sees that the copy it belongs to is out of force.
    atomicMemoryFence(ordering: .releasing)
    var summary = summary
    summary.bid_count = UInt32(min(bids.count, Board.levelCapacity))
    summary.ask_count = UInt32(min(asks.count, Board.levelCapacity))
    let copy = words.copy(next)
    withUnsafeBytes(of: summary) { copy.storeWords(from: $0.baseAddress!, length: $0.count) }
    store(bids, at: copy + Int(OUTCRY_BOARD_BIDS))
    store(asks, at: copy + Int(OUTCRY_BOARD_ASKS))
    return next
  }

  private func store(
    _ levels: UnsafeBufferPointer<BoardLevel>, at target: UnsafeMutableRawPointer
  ) {
    guard let source = levels.baseAddress else { return }
    let count = min(levels.count, Board.levelCapacity)
    target.storeWords(from: source, length: count * MemoryLayout<BoardLevel>.stride)
  }
}
