import Synchronization

/// What the engine of one symbol shares with everybody: ring, board, progress, counters.
public final class SymbolSegment: Sendable {
  public let segment: Segment
  public let symbolID: UInt32
  /// The writing end of the ring.
  public let ring: RequestRing
  public let board: Board

  private init(segment: Segment, symbolID: UInt32) {
    self.segment = segment
    self.symbolID = symbolID
    ring = RequestRing(base: segment.base)
    board = Board(base: segment.base)
  }

  public static func openOrCreate(_ instance: Instance, symbolName: String, id: UInt32)
    throws(SegmentError) -> SymbolSegment
  {
    let plan = plan(instance, symbolName: symbolName, id: id)
    return SymbolSegment(segment: try Segment.openOrCreate(plan), symbolID: id)
  }

  /// For those who only look; nil when it does not exist.
  public static func open(_ instance: Instance, symbolName: String, id: UInt32)
    throws(SegmentError) -> SymbolSegment?
  {
    let plan = plan(instance, symbolName: symbolName, id: id)
    guard let segment = try Segment.openExisting(plan) else { return nil }
    return SymbolSegment(segment: segment, symbolID: id)
  }

  package static func plan(_ instance: Instance, symbolName: String, id: UInt32) -> SegmentPlan {
    SegmentPlan(
      name: instance.segmentName(ofSymbol: symbolName), kind: 2,
      layout: UInt32(OUTCRY_SYMBOL_LAYOUT), tag: id, length: Int(OUTCRY_SYMBOL_LENGTH),
      reserved: Int(OUTCRY_SYMBOL_LENGTH))
  }

  /// Of the newest engine; 0 before the first.
  public var epoch: UInt64 { segment.epochWord.pointee.load(ordering: .acquiring) }

  /// Whether an engine lives that owns the symbol, wherever it runs.
  public var isEngineAlive: Bool { segment.isLocked(Int64(OUTCRY_LOCK_ENGINE)) }

  /// Sequence of the last command that is committed and told.
  public var committedSequence: UInt64 { word(Int(OUTCRY_SYMBOL_COMMITTED)) }

  /// Sequence up to which the tables of orders and trades are written.
  public var projectedSequence: UInt64 { word(Int(OUTCRY_SYMBOL_PROJECTED)) }

  /// Asks the engine not to put off writing the tables up to this sequence: somebody waits.
  public func wantProjected(_ sequence: UInt64) {
    let word = segment.base.word64(Int(OUTCRY_SYMBOL_WANTED))
    _ = word.pointee.max(sequence, ordering: .releasing)
  }

  /// The highest sequence that anybody asked for.
  public var wantedSequence: UInt64 { word(Int(OUTCRY_SYMBOL_WANTED)) }

  public static let metricCount = Int(OUTCRY_METRICS)

  public func metric(_ index: Int) -> UInt64 {
    precondition(index >= 0 && index < SymbolSegment.metricCount, "no such metric")
    return word(Int(OUTCRY_SYMBOL_METRICS) + 8 * index)
  }

  public func histogram(_ histogram: EngineHistogram) -> HistogramReading {
    HistogramReading(at: place(of: histogram))
  }

  func place(of histogram: EngineHistogram) -> UnsafeMutableRawPointer {
    segment.base + Int(OUTCRY_SYMBOL_HISTOGRAMS)
      + histogram.rawValue * Int(OUTCRY_HISTOGRAM_LENGTH)
  }

  /// Ends the engine's `waitForWork`, for what does not come through the ring.
  public func wakeEngine() { ring.words.ring() }

  private func word(_ offset: Int) -> UInt64 {
    segment.base.word64(offset).pointee.load(ordering: .acquiring)
  }

  /// Sets an unused ring as if this many requests had passed through it.
  package func startRing(at position: UInt64) {
    let words = ring.words
    for step in 0..<UInt64(OUTCRY_RING_CAPACITY) {
      let next = position &+ step
      words.slot(next).pointee.store(RingWords.free(next), ordering: .relaxed)
    }
    words.head.pointee.store(position, ordering: .relaxed)
    words.tail.pointee.store(position, ordering: .releasing)
  }
}
