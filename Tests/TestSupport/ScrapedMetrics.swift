/// Prometheus' text format, version 0.0.4, read by the book: what breaks a rule is a problem.
public struct ScrapedMetrics: Sendable {
  public private(set) var samples: [String: Double] = [:]
  public private(set) var types: [String: String] = [:]
  /// Lines that are not as they must be, with what is wrong.
  public private(set) var problems: [String] = []
  private var helped: Set<String> = []
  private var finished: Set<String> = []
  private var current = ""

  public init(_ text: String) {
    if !text.hasSuffix("\n") { problems.append("the last line has no end") }
    for line in text.split(separator: "\n", omittingEmptySubsequences: true) { read(line) }
    for (name, type) in types where type == "histogram" { checkHistogram(name) }
  }

  /// The value of `name{a="1",b="2"}`, the labels in the order in which they were written.
  public subscript(series: String) -> Double? { samples[series] }

  /// The sum over all samples of a metric whose labels include these.
  public func sum(_ name: String, _ labels: String...) -> Double {
    samples.reduce(0) { sum, sample in
      let (metric, rest) = ScrapedMetrics.split(sample.key)
      let parts = rest.split(separator: ",").map(String.init)
      return metric == name && labels.allSatisfy(parts.contains) ? sum + sample.value : sum
    }
  }

  /// Every series that may only grow: counters, and all of histograms.
  public var growing: [String: Double] {
    samples.filter { key, _ in
      let type = types[ScrapedMetrics.family(of: ScrapedMetrics.split(key).name, types)]
      return type == "counter" || type == "histogram"
    }
  }

  private mutating func read(_ line: Substring) {
    if line.hasPrefix("#") { return readComment(line) }
    let sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)(?: (-?\d+))?$/
    guard let match = line.wholeMatch(of: sample) else { return fault(line, "not a sample") }
    let name = String(match.1)
    let family = ScrapedMetrics.family(of: name, types)
    if family != current { fault(line, "not under its own TYPE line") }
    let pair = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)",?/
    var labels = match.2 ?? ""
    while let first = labels.prefixMatch(of: pair) { labels = labels[first.range.upperBound...] }
    if !labels.isEmpty { fault(line, "labels") }
    let words = ["+Inf": Double.infinity, "-Inf": -Double.infinity, "NaN": Double.nan]
    guard let value = words[String(match.3)] ?? Double(match.3) else {
      return fault(line, "not a number")
    }
    let key = match.2.map { "\(name){\($0)}" } ?? name
    if samples.updateValue(value, forKey: key) != nil { fault(line, "twice") }
    let isCounter = types[family] == "counter"
    if isCounter != name.hasSuffix("_total") { fault(line, "_total is for counters") }
    if isCounter && value < 0 { fault(line, "a negative counter") }
  }

  private mutating func readComment(_ line: Substring) {
    let words = line.split(separator: " ", maxSplits: 3)
    guard words.count == 4, words[1] == "HELP" || words[1] == "TYPE" else {
      return fault(line, "no HELP and no TYPE")
    }
    let name = String(words[2])
    if words[1] == "HELP" {
      if !helped.insert(name).inserted { fault(line, "a second HELP") }
      return
    }
    if !["counter", "gauge", "histogram"].contains(words[3]) { fault(line, "the type") }
    if !helped.contains(name) { fault(line, "no HELP before it") }
    if types.updateValue(String(words[3]), forKey: name) != nil { fault(line, "a second TYPE") }
    if !finished.insert(name).inserted { fault(line, "not in one piece") }
    current = name
  }

  /// Buckets grow towards +Inf, which is the count; a sum goes with them.
  private mutating func checkHistogram(_ name: String) {
    var buckets: [String: [(bound: Double, count: Double)]] = [:]
    for (key, count) in samples {
      let (metric, labels) = ScrapedMetrics.split(key)
      guard metric == "\(name)_bucket", let match = labels.firstMatch(of: /,?le="([^"]+)"$/)
      else { continue }
      let bound = match.1 == "+Inf" ? Double.infinity : Double(match.1) ?? .nan
      buckets[String(labels[..<match.range.lowerBound]), default: []].append((bound, count))
    }
    for (labels, found) in buckets {
      let sorted = found.sorted { $0.bound < $1.bound }
      let braces = labels.isEmpty ? "" : "{\(labels)}"
      let isGrowing = zip(sorted, sorted.dropFirst()).allSatisfy { $0.count <= $1.count }
      if !isGrowing { problems.append("\(name)\(braces): buckets shrink") }
      let count = samples["\(name)_count\(braces)"]
      if sorted.last?.bound != .infinity || sorted.last?.count != count {
        problems.append("\(name)\(braces): +Inf is not the count")
      }
      let sum = samples["\(name)_sum\(braces)"] ?? -1
      if sum < 0 || (count == 0 && sum != 0) { problems.append("\(name)\(braces): the sum") }
      // What is in a bucket took at least as long as the bound below it.
      let least = zip(sorted, sorted.dropFirst()).reduce(0) { total, pair in
        total + pair.0.bound * (pair.1.count - pair.0.count)
      }
      if sum < least * 0.999 { problems.append("\(name)\(braces): a sum of \(sum) < \(least)") }
    }
  }

  private mutating func fault(_ line: Substring, _ what: String) {
    problems.append("\(what): \(line)")
  }

  private static func split(_ key: String) -> (name: String, labels: String) {
    guard let brace = key.firstIndex(of: "{") else { return (key, "") }
    return (String(key[..<brace]), String(key[key.index(after: brace)...].dropLast()))
  }

  private static func family(of name: String, _ types: [String: String]) -> String {
    for suffix in ["_bucket", "_sum", "_count"] where name.hasSuffix(suffix) {
      let stem = String(name.dropLast(suffix.count))
      if types[stem] == "histogram" { return stem }
    }
    return name
  }
}
