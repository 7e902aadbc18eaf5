/// Columns as wide as they need to be; numbers stand to the right.
struct Table {
  private var rows: [[String]]

  init(_ heads: [String]) { rows = [heads] }

  mutating func add(_ cells: [String]) {
    precondition(cells.count == rows[0].count, "a cell for each head")
    rows.append(cells)
  }

  var text: String {
    let columns = rows[0].indices
    let widths = columns.map { column in rows.map { $0[column].count }.max() ?? 0 }
    let isNumber = columns.map { column in
      rows.dropFirst().allSatisfy { row in
        row[column].allSatisfy { $0.isNumber || ".,- ".contains($0) }
      }
    }
    return rows.map { row in
      var line = columns.map { column in
        isNumber[column]
          ? row[column].paddedLeft(to: widths[column]) : row[column].padded(to: widths[column])
      }.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line
    }.joined(separator: "\n")
  }
}
