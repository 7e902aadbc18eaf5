import Synchronization

/// How durations are sorted: ten buckets a decade from a microsecond to 50 s, each a quarter wider
/// than the one before. The bounds include 1, 2 and 5 of every decade, which is what leaves the
/// exchange. Drawn in `CShared/include/metrics.h`.
public enum Histogram {
  public static let bucketCount = Int(OUTCRY_HISTOGRAM_BUCKETS)

  /// The largest duration, in nanoseconds, that the bucket holds; the last one has no bound.
  public static func bound(_ bucket: Int) -> Int64? {
    precondition(bucket >= 0 && bucket < bucketCount, "no such bucket")
    return bucket < bucketCount - 1 ? outcry_histogram_bound(Int32(bucket)) : nil
  }

  @inlinable
  public static func bucket(of nanos: Int64) -> Int { Int(outcry_histogram_index(nanos)) }
}

/// A histogram in shared memory, for the one thread that writes it.
@frozen
public struct HistogramWriter: @unchecked Sendable {
  @usableFromInline let base: UnsafeMutableRawPointer

  @inlinable init(base: UnsafeMutableRawPointer) { self.base = base }

  /// Two plain additions: nobody else writes here.
  @inlinable
  public func record(_ nanos: Int64, times: UInt64 = 1) {
    let nanos = max(0, nanos)
    add(times, at: 8 &* Histogram.bucket(of: nanos))
    add(UInt64(nanos) &* times, at: Int(OUTCRY_HISTOGRAM_SUM))
  }

  @inlinable
  func add(_ amount: UInt64, at offset: Int) { base.word64(offset).addAlone(amount) }
}

extension UnsafeMutablePointer where Pointee == Atomic<UInt64> {
  /// Adds without a read-modify-write, for a word's only writer.
  @inlinable
  func addAlone(_ amount: UInt64) {
    pointee.store(pointee.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
  }
}

/// What a histogram, or several together, held at one moment.
public struct HistogramReading: Equatable, Sendable {
  public private(set) var buckets = [UInt64](repeating: 0, count: Histogram.bucketCount)
  public private(set) var sumNanos: UInt64 = 0

  public init() {}

  init(at base: UnsafeMutableRawPointer) {
    for bucket in buckets.indices {
      buckets[bucket] = base.word64(8 * bucket).pointee.load(ordering: .relaxed)
    }
    sumNanos = base.word64(Int(OUTCRY_HISTOGRAM_SUM)).pointee.load(ordering: .relaxed)
  }

  public var count: UInt64 { buckets.reduce(0, &+) }

  public static func += (left: inout HistogramReading, right: HistogramReading) {
    for bucket in left.buckets.indices { left.buckets[bucket] &+= right.buckets[bucket] }
    left.sumNanos &+= right.sumNanos
  }

  /// What was recorded after an earlier reading; nothing when that was of other memory.
  public func since(_ earlier: HistogramReading) -> HistogramReading {
    var difference = HistogramReading()
    for bucket in buckets.indices where buckets[bucket] >= earlier.buckets[bucket] {
      difference.buckets[bucket] = buckets[bucket] - earlier.buckets[bucket]
    }
    difference.sumNanos = sumNanos >= earlier.sumNanos ? sumNanos - earlier.sumNanos : 0
    return difference
  }

  /// The duration in nanoseconds that this part of all stayed below, between the bounds of its
  /// bucket as if these were filled evenly; nil when nothing was recorded.
  public func quantile(_ part: Double) -> Double? {
    let total = count
    guard total > 0 else { return nil }
    let wanted = part * Double(total)
    var below: UInt64 = 0
    for (bucket, held) in buckets.enumerated() where held > 0 {
      if Double(below + held) >= wanted {
        let low = bucket == 0 ? 0 : Double(Histogram.bound(bucket - 1) ?? 0)
        guard let high = Histogram.bound(bucket) else { return low }
        return low + (Double(high) - low) * max(0, wanted - Double(below)) / Double(held)
      }
      below += held
    }
    return Double(Histogram.bound(Histogram.bucketCount - 2) ?? 0)
  }
}
