import API
import Testing
import Wire

@Suite("The traceparent header")
struct TraceContextTests {
  private func parse(_ text: String) -> TraceContext? {
    Array(text.utf8).withUnsafeBytes { TraceContext(parsing: $0) }
  }

  private func made(_ header: String, requestID: String?) -> TraceContext {
    Array(header.utf8).withUnsafeBytes { header in
      Array((requestID ?? "").utf8).withUnsafeBytes { id in
        TraceContext(header: header, requestID: requestID == nil ? nil : id, random: { 77 })
      }
    }
  }

  private let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
  private let parent = "00f067aa0ba902b7"

  @Test("the standard's own example is understood")
  func example() throws {
    let context = try #require(parse("00-\(trace)-\(parent)-01"))
    #expect(context.traceText == trace)
    #expect(context.parent == 0x00f0_67aa_0ba9_02b7)
    #expect(context.isSampled)
    #expect(parse("00-\(trace)-\(parent)-00")?.isSampled == false)
    #expect(parse("00-\(trace)-\(parent)-02")?.isSampled == false)
  }

  @Test("of a later version what is known is read")
  func laterVersions() {
    #expect(parse("01-\(trace)-\(parent)-01") != nil)
    #expect(parse("cc-\(trace)-\(parent)-01-what-comes-then") != nil)
    #expect(parse("cc-\(trace)-\(parent)-01.what-comes-then") == nil)
  }

  @Test(
    "what breaks a rule is no trace",
    arguments: [
      "", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
      "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
      "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
      "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
      "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
      "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x",
      "0-4bf92f3577b34da6a3ce929d0e0e47366-00f067aa0ba902b7-001",
    ])
  func malformed(header: String) {
    #expect(parse(header) == nil)
  }

  @Test("a good header keeps its trace, and the step is named by the request's id")
  func continued() {
    let context = made(
      "00-\(trace)-\(parent)-01", requestID: "0123456789abcdef0011223344556677")
    #expect(context.traceText == trace)
    #expect(context.spanText == "0011223344556677")
    #expect(context.parent != 0)
    var bytes = [UInt8](repeating: 0, count: TraceContext.length)
    bytes.withUnsafeMutableBytes { context.write(to: $0) }
    #expect(String(decoding: bytes, as: UTF8.self) == "00-\(trace)-0011223344556677-01")
  }

  @Test("a bad header starts a trace that is named by the request's id, or by chance")
  func started() {
    let context = made("nonsense", requestID: "0123456789abcdef0011223344556677")
    #expect(context.traceText == "0123456789abcdef0011223344556677")
    #expect(context.parent == 0)
    #expect(made("nonsense", requestID: nil).traceText == "000000000000004d000000000000004d")
    #expect(made("nonsense", requestID: "no hex at all, but of the length").span == 77)
    #expect(!TraceContext().isPresent)
  }

  @Test("a command carries the bytes in the order of the header")
  func stamped() {
    var command = Command(.place)
    made("00-\(trace)-\(parent)-01", requestID: "0123456789abcdef0011223344556677")
      .stamp(&command)
    let bytes = withUnsafeBytes(of: command.trace_id) { Array($0) }
    #expect(bytes.first == 0x4b && bytes.last == 0x36)
    #expect(withUnsafeBytes(of: command.span_id) { Array($0) }.last == 0x77)
  }
}
