/// Runs the workloads and prints a table.
enum Report {
  static let seed: UInt64 = 3

  static func print(commands count: Int) throws {
    Swift.print(
      "\(count) commands each, best of 3 runs on one thread, events written to a buffer;",
      "each timed command includes one reading of the clock, \(Measure.clockCost()) ns")
    Swift.print(row("workload", "M/s", "ns", "p50", "p99", "p99.9", "max", "mix"))
    var worst: (name: String, figures: Figures)?
    for shape in Workload.standard {
      let workload = try Workload(shape, commands: count, seed: seed)
      let figures = try Measure.run(workload, times: 3)
      Swift.print(line(workload, figures))
      if worst.map({ figures.nanoseconds > $0.figures.nanoseconds }) ?? true {
        worst = (shape.name, figures)
      }
    }
    if let worst {
      Swift.print("worst: \(worst.name), \(tenths(worst.figures.millionsPerSecond)) M commands/s")
    }
    try compareWide(count)
  }

  /// The large book against a small one with the same mix and an equally even spread.
  private static func compareWide(_ count: Int) throws {
    var shape = Workload.wide
    let wide = try Workload(shape, commands: count, seed: seed)
    shape.name = "20,000 orders on 1,000 levels"
    shape.live = 20_000
    shape.most = 20_000
    shape.width = 1_000
    let small = try Workload(shape, commands: count, seed: seed)
    let ofSmall = try Measure.run(small, times: 3)
    let ofWide = try Measure.run(wide, times: 3)
    Swift.print(line(small, ofSmall))
    Swift.print(line(wide, ofWide))
    let ratio = ofWide.nanoseconds / ofSmall.nanoseconds
    Swift.print("the large book costs \(tenths(ratio)) times the small one's time a command")
  }

  private static func line(_ workload: Workload, _ figures: Figures) -> String {
    let mix = workload.mix
    let all = Double(mix.new + mix.cancel + mix.amend)
    func share(_ part: Int) -> String { "\(Int((Double(part) * 100 / all).rounded()))" }
    let text =
      "\(share(mix.new))/\(share(mix.cancel))/\(share(mix.amend)) %, "
      + "\(tenths(Double(mix.aggressive) * 100 / Double(mix.new))) % of new aggressive, "
      + "\(mix.live) live, \(mix.levels) levels, \(tenths(Double(mix.events) / all)) events"
    let times = figures.percentiles.map { "\($0.value)" }
    return row(
      workload.name, tenths(figures.millionsPerSecond), tenths(figures.nanoseconds), times[0],
      times[1], times[2], times[3], text)
  }

  private static func tenths(_ value: Double) -> String {
    "\((value * 10).rounded() / 10)"
  }

  private static func row(_ columns: String...) -> String {
    let widths = [34, 6, 7, 6, 6, 7, 9]
    return zip(columns, widths).map { column, width in
      let gap = String(repeating: " ", count: max(1, width - column.count))
      return width == widths[0] ? column + gap : gap + column
    }.joined() + "  " + (columns.last ?? "")
  }
}
