/// Blanks comments and the contents of string literals, so that braces and keywords which are
/// left are code. Line breaks stay, so line numbers do too. Handles Swift and C.
struct CodeOnly {
  private let source: [Character]
  private var position = 0
  private var output = ""

  static func lines(of file: SourceFile) -> [String] {
    var scanner = CodeOnly(source: Array(file.lines.joined(separator: "\n")))
    scanner.scan(untilParenthesis: false)
    return scanner.output.split(separator: "\n", omittingEmptySubsequences: false)
      .map(String.init)
  }

  private init(source: [Character]) { self.source = source }

  private func starts(with text: String) -> Bool {
    source[position...].starts(with: text)
  }

  /// Scans code; inside an interpolation only up to the parenthesis that closes it.
  private mutating func scan(untilParenthesis: Bool) {
    var depth = 0
    while position < source.count {
      if starts(with: "//") {
        while position < source.count, source[position] != "\n" { position += 1 }
      } else if starts(with: "/*") {
        blank(until: "*/")
      } else if let hashes = openingOfString() {
        string(hashes: hashes)
      } else if starts(with: "'"), source.dropFirst(position + 2).first == "'" {
        position += 3  // a C character
      } else {
        let character = source[position]
        if character == "(" { depth += 1 }
        if character == ")" {
          if untilParenthesis, depth == 0 { return }
          depth -= 1
        }
        output.append(character)
        position += 1
      }
    }
  }

  private mutating func blank(until end: String) {
    while position < source.count, !starts(with: end) {
      if source[position] == "\n" { output.append("\n") }
      position += 1
    }
    position = min(source.count, position + end.count)
  }

  /// The number of `#` before a quote that begins here, or nil when none does.
  private func openingOfString() -> Int? {
    var hashes = 0
    while position + hashes < source.count, source[position + hashes] == "#" { hashes += 1 }
    guard position + hashes < source.count, source[position + hashes] == "\"" else { return nil }
    return hashes
  }

  private mutating func string(hashes: Int) {
    position += hashes
    let marks = starts(with: "\"\"\"") ? "\"\"\"" : "\""
    let fence = String(repeating: "#", count: hashes)
    position += marks.count
    output.append("\"")
    while position < source.count {
      if starts(with: "\\" + fence + "(") {
        position += 2 + hashes
        output.append(" ")
        scan(untilParenthesis: true)
        position += 1
      } else if starts(with: "\\" + fence) {
        position += 2 + hashes
      } else if starts(with: marks + fence) {
        position += marks.count + hashes
        break
      } else {
        if source[position] == "\n" { output.append("\n") }
        position += 1
      }
    }
    output.append("\"")
  }
}
