import Synchronization

/// The right to be the engine of a symbol on this host, and everything that goes with it. Held
/// until `release()` or death; forgetting the object does not let go of it.
public final class EngineLock: Sendable {
  public let symbol: SymbolSegment
  /// Differs from that of every engine before, on this host since the segment was made.
  public let epoch: UInt64

  fileprivate init(symbol: SymbolSegment, above floor: UInt64) {
    self.symbol = symbol
    let word = symbol.segment.epochWord
    epoch = max(word.pointee.load(ordering: .acquiring), floor) &+ 1
    word.pointee.store(epoch, ordering: .releasing)
  }

  public func release() { symbol.segment.unlock(Int64(OUTCRY_LOCK_ENGINE)) }

  /// Takes requests and answers them.
  public func desk(in exchange: ExchangeSegment) -> EngineDesk {
    EngineDesk(slots: exchange.slotsBase, symbolID: symbol.symbolID, epoch: epoch)
  }

  public func bells(in exchange: ExchangeSegment) -> WorkerBells {
    WorkerBells(slots: exchange.slotsBase)
  }

  /// The ring's two engine ends. Ask once, before work begins: each keeps its own position.
  public func ringEnds() -> (reader: RingReader, releaser: RingReleaser) {
    let releaser = RingReleaser(base: symbol.segment.base)
    return (RingReader(base: symbol.segment.base), releaser)
  }

  /// The symbol has left for another shard. Readers that find no sequence wait for an engine,
  /// should it come back, and take nothing from what was left here.
  public func forget() {
    for offset in [OUTCRY_SYMBOL_COMMITTED, OUTCRY_SYMBOL_PROJECTED, OUTCRY_SYMBOL_WANTED] {
      set(Int(offset), 0)
    }
  }

  public var boardWriter: BoardWriter { BoardWriter(base: symbol.segment.base) }

  public func setCommitted(_ sequence: UInt64) { set(Int(OUTCRY_SYMBOL_COMMITTED), sequence) }
  public func setProjected(_ sequence: UInt64) { set(Int(OUTCRY_SYMBOL_PROJECTED), sequence) }

  public func setMetric(_ index: Int, to value: UInt64) { set(offset(ofMetric: index), value) }

  /// A metric has one writing thread.
  public func addMetric(_ index: Int, _ amount: UInt64 = 1) {
    set(offset(ofMetric: index), symbol.metric(index) &+ amount)
  }

  /// A histogram has one writing thread.
  public func histogram(_ histogram: EngineHistogram) -> HistogramWriter {
    HistogramWriter(base: symbol.place(of: histogram))
  }

  private func offset(ofMetric index: Int) -> Int {
    precondition(index >= 0 && index < SymbolSegment.metricCount, "no such metric")
    return Int(OUTCRY_SYMBOL_METRICS) + 8 * index
  }

  private func set(_ offset: Int, _ value: UInt64) {
    symbol.segment.base.word64(offset).pointee.store(value, ordering: .releasing)
  }
}

extension SymbolSegment {
  /// Nil when another engine has it. `floor` is the highest epoch that the journal knows, as a
  /// segment made anew counts from 1.
  public func engineLock(epochAbove floor: UInt64 = 0) throws(SegmentError) -> EngineLock? {
    guard try segment.tryLock(Int64(OUTCRY_LOCK_ENGINE)) else { return nil }
    return EngineLock(symbol: self, above: floor)
  }
}
