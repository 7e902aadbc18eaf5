import SharedMemory

/// Writes figures in Prometheus' text format, version 0.0.4: each metric once, with its help and
/// its type, then its samples.
public struct MetricText {
  public enum Kind: String, Sendable { case counter, gauge, histogram }
  public typealias Label = (name: StaticString, value: String)

  /// 1, 2 and 5 of every decade from 1 µs to 10 s: bounds at which the histograms in shared memory
  /// are cut anyway, so nothing is guessed.
  static let bounds: [(bucket: Int, nanos: Int64, text: String)] = {
    (0..<Histogram.bucketCount).compactMap { bucket in
      guard let nanos = Histogram.bound(bucket), nanos <= 10_000_000_000 else { return nil }
      var leading = nanos
      while leading % 10 == 0 { leading /= 10 }
      return [1, 2, 5].contains(leading) ? (bucket, nanos, "\(Double(nanos) / 1e9)") : nil
    }
  }()

  public private(set) var bytes: [UInt8] = []
  private var name = ""

  public init() { bytes.reserveCapacity(1 << 16) }

  /// The metric that the next samples belong to.
  public mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
    self.name = name
    append("# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n")
  }

  public mutating func sample(_ value: UInt64, _ labels: Label...) {
    head("", labels)
    append("\(value)\n")
  }

  public mutating func sample(_ value: Int, _ labels: Label...) {
    head("", labels)
    append("\(value)\n")
  }

  public mutating func sample(_ value: Double, _ labels: Label...) {
    head("", labels)
    append("\(value)\n")
  }

  /// A value that is decimal text already, such as a price.
  public mutating func sample(text value: String, _ labels: Label...) {
    head("", labels)
    append("\(value)\n")
  }

  /// Buckets between the two bounds, sum and count, in seconds.
  public mutating func sample(
    _ reading: HistogramReading, from least: Int64 = 0, to most: Int64 = .max, _ labels: Label...
  ) {
    var sum: UInt64 = 0
    var next = 0
    for bound in MetricText.bounds where bound.nanos >= least && bound.nanos <= most {
      while next <= bound.bucket {
        sum &+= reading.buckets[next]
        next += 1
      }
      head("_bucket", labels + [("le", bound.text)])
      append("\(sum)\n")
    }
    let count = reading.count
    head("_bucket", labels + [("le", "+Inf")])
    append("\(count)\n")
    head("_sum", labels)
    append("\(Double(reading.sumNanos) / 1e9)\n")
    head("_count", labels)
    append("\(count)\n")
  }

  private mutating func head(_ suffix: StaticString, _ labels: [Label]) {
    append(name)
    bytes.append(
      contentsOf: UnsafeRawBufferPointer(start: suffix.utf8Start, count: suffix.utf8CodeUnitCount))
    for (index, label) in labels.enumerated() {
      bytes.append(UInt8(ascii: index == 0 ? "{" : ","))
      let start = label.name.utf8Start
      bytes.append(
        contentsOf: UnsafeRawBufferPointer(start: start, count: label.name.utf8CodeUnitCount))
      append("=\"")
      escape(label.value)
      append("\"")
    }
    append(labels.isEmpty ? " " : "} ")
  }

  private mutating func escape(_ text: String) {
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\\"): append("\\\\")
      case UInt8(ascii: "\""): append("\\\"")
      case UInt8(ascii: "\n"): append("\\n")
      default: bytes.append(byte)
      }
    }
  }

  private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }
}
