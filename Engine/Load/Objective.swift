/// One thing that is asked of a run: "p99 < 20 ms".
public struct Objective: Equatable, Sendable {
  public enum Relation: String, CaseIterable, Sendable {
    // Longer signs first: "<=" begins with "<".
    case atMost = "<="
    case atLeast = ">="
    case below = "<"
    case above = ">"
    case equal = "="

    func holds(_ found: Double, _ wanted: Double) -> Bool {
      switch self {
      case .atMost: found <= wanted
      case .atLeast: found >= wanted
      case .below: found < wanted
      case .above: found > wanted
      case .equal: found == wanted
      }
    }
  }

  public enum Subject: Equatable, Sendable {
    /// A part of all requests, in nanoseconds from when they were due.
    case quantile(Double)
    case longest, mean
    /// Whole numbers, or with "%" parts of all requests.
    case errors, refused, unsent
    /// Answered requests and acknowledged orders a second, and their totals.
    case rate, orderRate, requests, orders
    /// The highest rate of a ramp that kept the limit.
    case knee
  }

  public let subject: Subject
  public let relation: Relation
  /// Nanoseconds for durations.
  public let wanted: Double
  public let isPart: Bool
  public let text: String
}

/// An objective nobody understands.
public struct ObjectiveFailure: Error, CustomStringConvertible {
  public let description: String
}

extension Objective {
  /// "p99<20ms,errors=0"
  public static func list(_ text: String) throws(ObjectiveFailure) -> [Objective] {
    var objectives: [Objective] = []
    for part in text.split(separator: ",") { objectives.append(try Objective(String(part))) }
    guard !objectives.isEmpty else {
      throw ObjectiveFailure(description: "an expectation looks like \"p99<20ms,errors=0\"")
    }
    return objectives
  }

  public init(_ text: String) throws(ObjectiveFailure) {
    let text = text.filter { $0 != " " }
    guard let (start, relation) = Objective.relation(in: text) else {
      throw ObjectiveFailure(description: "\"\(text)\" has none of < <= = >= >")
    }
    let name = String(text[..<start])
    let value = String(text[text.index(start, offsetBy: relation.rawValue.count)...])
    guard let subject = Subject(name) else {
      throw ObjectiveFailure(
        description: "\"\(name)\" is not measured: p50, p99.99, max, mean, errors, refused, "
          + "unsent, rate, order-rate, requests, orders, knee")
    }
    self.subject = subject
    self.relation = relation
    self.text = text
    isPart = value.hasSuffix("%")
    guard isPart ? subject.isCount : true,
      let wanted = subject.isDuration
        ? Objective.nanos(value) : Double(isPart ? String(value.dropLast()) : value),
      wanted.isFinite, wanted >= 0
    else { throw ObjectiveFailure(description: "\"\(text)\": \(subject.example)") }
    self.wanted = isPart ? wanted / 100 : wanted
  }

  private static func relation(in text: String) -> (String.Index, Relation)? {
    guard let start = text.firstIndex(where: { "<>=".contains($0) }) else { return nil }
    return Relation.allCases.first { text[start...].hasPrefix($0.rawValue) }.map { (start, $0) }
  }

  /// "20ms" and the like; a bare number says nothing.
  public static func nanos(_ text: String) -> Double? {
    for (unit, factor) in [("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9)]
    where text.hasSuffix(unit) {
      return Double(text.dropLast(unit.count)).map { $0 * factor }
    }
    return nil
  }
}

extension Objective.Subject {
  init?(_ name: String) {
    switch name {
    case "max": self = .longest
    case "mean": self = .mean
    case "errors": self = .errors
    case "refused": self = .refused
    case "unsent": self = .unsent
    case "rate": self = .rate
    case "order-rate": self = .orderRate
    case "requests": self = .requests
    case "orders": self = .orders
    case "knee": self = .knee
    default:
      guard name.hasPrefix("p"), let percent = Double(name.dropFirst()), percent > 0, percent < 100
      else { return nil }
      self = .quantile(percent / 100)
    }
  }

  var isDuration: Bool {
    switch self {
    case .quantile, .longest, .mean: true
    default: false
    }
  }

  var isCount: Bool { self == .errors || self == .refused || self == .unsent }

  var example: String {
    isDuration
      ? "a duration has a unit: 500us, 20ms, 1s"
      : isCount ? "a number or a part, such as 0 or 0.1%" : "a number is needed"
  }
}

/// What became of an objective.
public struct Judgement: Equatable, Sendable {
  public let objective: Objective
  public let found: Double
  public let holds: Bool

  /// The value in the words of the objective.
  public var foundText: String {
    if objective.subject.isDuration { return (found / 1e6).fixed(2) + " ms" }
    if objective.isPart { return (100 * found).fixed(3) + " %" }
    return found.fixed(objective.subject.isCount ? 0 : 1)
  }
}

extension Objective {
  public func judge(_ result: LoadResult) -> Judgement {
    let all = Double(Swift.max(1, result.requests))
    func count(_ number: UInt64) -> Double { isPart ? Double(number) / all : Double(number) }
    let found =
      switch subject {
      case .quantile(let part): Double(result.latency.quantile(part))
      case .longest: Double(result.latency.max)
      case .mean: result.latency.mean
      case .errors: count(result.errorCount)
      case .refused: count(result.refused.total)
      case .unsent: count(result.unsent)
      case .rate: result.rate
      case .orderRate: result.orderRate
      case .requests: Double(result.requests)
      case .orders: Double(result.orders)
      case .knee: result.knee ?? 0
      }
    // A percentile of nothing is no good news.
    let isKnown = !subject.isDuration || !result.latency.isEmpty
    return Judgement(
      objective: self, found: found, holds: isKnown && relation.holds(found, wanted))
  }
}
