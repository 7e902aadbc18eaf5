import Wire

/// The header `traceparent` of W3C Trace Context: which trace a request belongs to, and which step
/// of it asked. <https://www.w3.org/TR/trace-context/>
public struct TraceContext: Equatable, Sendable {
  public typealias ID = (UInt64, UInt64)

  /// 128 bits, the first byte in the lowest place; zero: no trace.
  public var traceHigh: UInt64 = 0
  public var traceLow: UInt64 = 0
  /// The step that handles the request.
  public var span: UInt64 = 0
  /// The step that asked; zero when the trace begins here.
  public var parent: UInt64 = 0
  public var isSampled = false

  public init() {}

  public var isPresent: Bool { traceHigh | traceLow != 0 }

  /// The header as a client sent it, or nil when it breaks the rules, which is as good as none.
  /// Of versions to come only the part that this one knows is read.
  public init?(parsing header: UnsafeRawBufferPointer) {
    let dash = UInt8(ascii: "-")
    guard header.count >= 55, header[2] == dash, header[35] == dash, header[52] == dash,
      let version = TraceContext.hex(header[0..<2]), version != 0xFF,
      header.count == 55 || version != 0 && header[55] == dash,
      let high = TraceContext.hex(header[3..<19]), let low = TraceContext.hex(header[19..<35]),
      high | low != 0, let parent = TraceContext.hex(header[36..<52]), parent != 0,
      let flags = TraceContext.hex(header[53..<55])
    else { return nil }
    traceHigh = high
    traceLow = low
    self.parent = parent
    isSampled = flags & 1 != 0
  }

  /// What a request with this header, and this id given by nginx, is part of. A header that is
  /// wrong starts a new trace, which is named like the request. So is the step: a request that
  /// nginx asks twice is the same step twice.
  public init(
    header: UnsafeRawBufferPointer, requestID: UnsafeRawBufferPointer?,
    random: () -> UInt64 = { UInt64.random(in: 1...UInt64.max) }
  ) {
    var name: (high: UInt64, low: UInt64)?
    if let requestID, requestID.count == 32, let high = TraceContext.hex(requestID[0..<16]),
      let low = TraceContext.hex(requestID[16..<32]), high != 0, low != 0
    {
      name = (high, low)
    }
    if let given = TraceContext(parsing: header) {
      self = given
    } else {
      traceHigh = name?.high ?? random()
      traceLow = name?.low ?? random()
    }
    span = name?.low ?? random()
  }

  /// The header that names this step: 55 bytes.
  public func write(to buffer: UnsafeMutableRawBufferPointer) {
    precondition(buffer.count == TraceContext.length, "a traceparent has 55 bytes")
    buffer.copyBytes(from: "00-".utf8)
    TraceContext.write(traceHigh, to: UnsafeMutableRawBufferPointer(rebasing: buffer[3..<19]))
    TraceContext.write(traceLow, to: UnsafeMutableRawBufferPointer(rebasing: buffer[19..<35]))
    buffer[35] = UInt8(ascii: "-")
    TraceContext.write(span, to: UnsafeMutableRawBufferPointer(rebasing: buffer[36..<52]))
    buffer[52] = UInt8(ascii: "-")
    buffer[53] = UInt8(ascii: "0")
    buffer[54] = UInt8(ascii: isSampled ? "1" : "0")
  }

  public static let length = 55

  /// 32 hexadecimal digits.
  public var traceText: String { TraceContext.text(traceHigh) + TraceContext.text(traceLow) }
  public var spanText: String { TraceContext.text(span) }

  /// Into the command's record, in the order in which the header has the bytes.
  public func stamp(_ command: inout Command) {
    withUnsafeMutableBytes(of: &command.trace_id) { bytes in
      bytes.storeBytes(of: traceHigh.bigEndian, as: UInt64.self)
      bytes.storeBytes(of: traceLow.bigEndian, toByteOffset: 8, as: UInt64.self)
    }
    withUnsafeMutableBytes(of: &command.span_id) {
      $0.storeBytes(of: span.bigEndian, as: UInt64.self)
    }
  }

  /// Only small letters are allowed.
  private static func hex(_ digits: Slice<UnsafeRawBufferPointer>) -> UInt64? {
    var value: UInt64 = 0
    for digit in digits {
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(digit - 0x30)
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(digit - 0x57)
      default: return nil
      }
    }
    return value
  }

  private static func text(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
  }

  private static func write(_ value: UInt64, to buffer: UnsafeMutableRawBufferPointer) {
    for index in 0..<16 {
      let digit = UInt8(truncatingIfNeeded: value >> UInt64(60 - 4 * index)) & 15
      buffer[index] = digit + (digit < 10 ? 0x30 : 0x57)
    }
  }
}
