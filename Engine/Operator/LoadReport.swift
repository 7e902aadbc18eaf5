import Glibc
import Load
import Supervision

/// The line that moves while a load runs.
final class LoadProgress {
  private let isQuiet: Bool
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private var isOpen = false

  init(isQuiet: Bool) { self.isQuiet = isQuiet }

  func show(_ interval: Interval, at second: Double) {
    let latency = interval.latency
    func millis(_ part: Double) -> String { (Double(latency.quantile(part)) / 1e6).fixed(2) }
    var line = "\(second.fixed(0).paddedLeft(to: 4)) s  "
    line += "\(interval.answered.grouped.paddedLeft(to: 8)) answers  "
    line += "\(interval.errors.grouped) errors  \(interval.refused.grouped) refused  "
    line += "p50 \(millis(0.5)) ms  p99 \(millis(0.99)) ms  "
    line += "max \((Double(latency.max) / 1e6).fixed(2)) ms"
    if isQuiet { return }
    put(isTerminal ? "\r\u{1B}[K" + line : line + "\n")
    isOpen = isTerminal
  }

  func note(_ text: String) {
    if isQuiet { return }
    end()
    put(text + "\n")
  }

  func end() {
    if isOpen { put("\n") }
    isOpen = false
  }

  private func put(_ text: String) { write(STDERR_FILENO, text, text.utf8.count) }
}

/// What is done with a result: shown, kept, judged.
struct LoadConclusion {
  private let output: String?
  private let objectives: [Objective]

  init(_ arguments: inout Arguments) throws {
    output = try arguments.option("--output")
    do {
      objectives = try arguments.option("--expect").map(Objective.list) ?? []
    } catch let failure as ObjectiveFailure {
      throw Usage("--expect: \(failure)", for: "load")
    }
  }

  func tell(_ result: LoadResult) throws {
    let judgements = objectives.map { $0.judge(result) }
    print(LoadText(result).text)
    for judgement in judgements {
      let sign = judgement.holds ? "ok    " : "MISSED"
      print("\(sign)  \(judgement.objective.text)  (\(judgement.foundText))")
    }
    if let output { try LoadFile.write(result, judgements, to: output) }
    fflush(nil)
    if result.answered == 0 {
      throw Failure("nothing was answered")
    }
    let isWrong = result.verification.map { !$0.isRight } ?? false
    if isWrong || judgements.contains(where: { !$0.holds }) { exit(2) }
  }
}

enum LoadFile {
  static func read(_ path: String) throws -> LoadResult {
    guard let text = Files.text(path) else {
      throw Failure("\(path) cannot be read: \(String(cString: strerror(errno)))")
    }
    guard let json = try? JSON(parsing: text), let result = LoadResult(json) else {
      throw Failure("\(path) is not a result of `outcry load`")
    }
    return result
  }

  static func write(_ result: LoadResult, _ judgements: [Judgement], to path: String) throws {
    guard case .object(var members) = result.json else { return }
    let objectives = judgements.map { judgement -> JSON in
      [
        "objective": .text(judgement.objective.text), "found": .text(judgement.foundText),
        "holds": .bool(judgement.holds),
      ]
    }
    members.append(JSON.Member("objectives", .array(objectives)))
    try Files.replace(path, with: JSON.object(members).written + "\n")
  }
}

/// A result for people.
struct LoadText {
  private let result: LoadResult

  init(_ result: LoadResult) { self.result = result }

  var text: String {
    var parts = [head, latencies]
    if !result.steps.isEmpty { parts.append(steps) }
    let troubles = [
      counts("errors", result.errors), counts("refused", result.refused),
      counts("registrations failed", result.registrations.failed),
    ]
    parts += troubles.compactMap(\.self)
    if result.unsent > 0 { parts.append("never sent: \(result.unsent.grouped)") }
    if let verification = result.verification {
      parts.append(verification.line)
      parts += verification.examples.map { "  \($0)" }
    }
    if result.generatorWasBusy {
      parts.append("The load generator itself was busy: more --threads, or another machine.")
    }
    return parts.joined(separator: "\n")
  }

  private var head: String {
    let pace = result.offered.map { "\($0.fixed(0))/s asked for" } ?? "closed"
    let machine = result.machines.first?.line ?? ""
    let cost = result.generatorSeconds / Double(max(1, result.answered)) * 1e6
    return """
      \(result.profile), \(pace), \(result.clients) clients, \(result.seconds.fixed(1)) s
      \(result.machines.count > 1 ? "\(result.machines.count) machines, " : "")\(machine)

      \(result.rate.fixed(0)) answers/s, \(result.orderRate.fixed(0)) orders/s; \
      \(result.requests.grouped) requests, \(result.errorCount.grouped) errors, \
      \(result.refused.total.grouped) refused; the generator: \(cost.fixed(1)) us a request

      """
  }

  private var latencies: String {
    let parts = LatencyHistogram.shown
    var table = Table(["MILLISECONDS", "COUNT"] + parts.map(\.name) + ["max", "mean"])
    func add(_ name: String, _ latency: LatencyHistogram) {
      guard !latency.isEmpty else { return }
      let times =
        parts.map { Double(latency.quantile($0.part)) }
        + [Double(latency.max), latency.mean]
      table.add([name, latency.count.grouped] + times.map { ($0 / 1e6).fixed(2) })
    }
    for name in result.operations.keys.sorted() { add(name, result.operations[name]!) }
    if result.operations.count > 1 { add("all", result.latency) }
    add("from sending", result.service)
    add("register", result.registrations.latency)
    return table.text
  }

  private var steps: String {
    "\n" + result.steps.map(\.line).joined(separator: "\n")
      + "\nthe knee: \(result.knee.map { $0.fixed(0) + "/s" } ?? "below the first step")"
  }

  private func counts(_ name: String, _ counts: Counts) -> String? {
    if counts.total == 0 { return nil }
    let list = counts.sorted.map { "\($0.count.grouped) x \($0.name.isEmpty ? "?" : $0.name)" }
    return "\(name): " + list.joined(separator: ", ")
  }
}
