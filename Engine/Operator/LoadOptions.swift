import Glibc
import Load

extension Plan {
  /// Takes what the command line says differently from the profile.
  mutating func take(_ arguments: inout Arguments) throws {
    let rate = try arguments.positive("--rate")
    if let rate {
      var spike: Pace.Spike?
      if case .open(_, let own) = pace { spike = own }
      pace = .open(rate: rate, spike: spike)
    }
    if arguments.flag("--closed") {
      guard rate == nil else { throw Usage("--rate and --closed exclude each other", for: "load") }
      pace = .closed
    }
    if let value = try arguments.positive("--seconds") { seconds = value }
    if let value = try arguments.positive("--warm-up") { warmUp = value }
    if let value = try arguments.positive("--timeout") { timeout = value }
    if let value = try arguments.positive("--price") { price = value }
    if let value = try arguments.positive("--spread") { spread = value }
    if let value = try arguments.number("--clients", 1...100_000) { clients = Int(value) }
    if let value = try arguments.number("--threads", 1...64) { threads = Int(value) }
    if let value = try arguments.number("--accounts", 1...100_000) { accounts = Int(value) }
    if let value = try arguments.number("--depth", 0...1_000_000) { depth = Int(value) }
    if let value = try arguments.number("--batch", 1...1000) { batch = Int(value) }
    if let value = try arguments.number("--seed", 0...UInt64.max) { seed = value }
    if let value = try arguments.real("--zipf", 0...10) { zipf = value }
    if let value = try arguments.real("--market", 0...1) { marketPart = value }
    if let names = try arguments.option("--symbols") {
      takesAllSymbols = names == "all"
      symbols = takesAllSymbols ? [] : names.split(separator: ",").map(String.init)
    }
    try takeRamp(&arguments)
    threads = min(threads, clients)
    if accounts < 2, depth > 0 { throw Usage("--depth needs two accounts", for: "load") }
    if let ramp, pace == .closed || ramp.factor <= 1 {
      throw Usage("a ramp needs an open pace and a factor above 1", for: "load")
    }
  }

  private mutating func takeRamp(_ arguments: inout Arguments) throws {
    let start = try arguments.positive("--start")
    let factor = try arguments.positive("--factor")
    let step = try arguments.positive("--step")
    let limit = try arguments.option("--limit")
    guard ramp != nil else {
      if start ?? factor ?? step != nil || limit != nil {
        throw Usage("--start, --factor, --step and --limit belong to `ramp`", for: "load")
      }
      return
    }
    if let start { ramp?.start = start }
    if let factor { ramp?.factor = factor }
    if let step { ramp?.stepSeconds = step }
    if let limit {
      guard let nanos = Objective.nanos(limit), nanos > 0 else {
        throw Usage("--limit needs a duration, such as 50ms", for: "load")
      }
      ramp?.limitNanos = nanos
    }
  }
}

extension Arguments {
  mutating func real(_ name: String, _ range: ClosedRange<Double>) throws(Usage) -> Double? {
    guard let text = try option(name) else { return nil }
    guard let number = Double(text), range.contains(number) else {
      throw Usage(
        "\(name) needs a number from \(range.lowerBound) to \(range.upperBound)", for: command)
    }
    return number
  }

  mutating func positive(_ name: String) throws(Usage) -> Double? {
    guard let number = try real(name, 0...1e12) else { return nil }
    guard number > 0 else { throw Usage("\(name) needs more than 0", for: command) }
    return number
  }
}
