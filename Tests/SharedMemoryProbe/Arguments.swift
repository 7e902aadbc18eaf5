import Glibc
import SharedMemory

/// `role key=value …`
struct Arguments {
  let role: String
  private var values: [String: String] = [:]

  init(_ arguments: [String]) {
    role = arguments.count > 1 ? arguments[1] : ""
    for argument in arguments.dropFirst(2) {
      let pair = argument.split(separator: "=", maxSplits: 1).map(String.init)
      values[pair[0]] = pair.count == 2 ? pair[1] : ""
    }
  }

  func text(_ key: String) -> String? { values[key] }

  func number(_ key: String, _ fallback: Int = 0) -> Int {
    values[key].flatMap(Int.init) ?? fallback
  }

  func instance() throws(SegmentError) -> Instance {
    try Instance(name: values["instance"] ?? "")
  }

  func symbol() throws(SegmentError) -> SymbolSegment {
    try SymbolSegment.openOrCreate(try instance(), symbolName: "PROBE", id: 1)
  }

  /// `kill=point:count`: the process kills itself when it comes to the point that often.
  func death() -> Death {
    let parts = (values["kill"] ?? "").split(separator: ":").map(String.init)
    return Death(point: parts.first ?? "", countdown: parts.count > 1 ? Int(parts[1]) ?? 1 : 1)
  }
}

struct Death {
  let point: String
  var countdown: Int

  mutating func comes(at reached: StaticString) {
    guard !point.isEmpty, reached.description == point else { return }
    countdown -= 1
    if countdown == 0 { kill(getpid(), SIGKILL) }
  }
}

/// A line on standard output, at once.
func say(_ line: String) {
  let bytes = Array((line + "\n").utf8)
  _ = write(1, bytes, bytes.count)
}
