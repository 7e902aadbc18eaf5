/// Finds functions by counting brackets in code without comments and strings.
enum FunctionLengths {
  struct Function {
    var line: Int
    var length: Int
  }

  static func inSwift(_ lines: [String]) -> [Function] {
    let opening = /(^|\s)(func\s+\S|init[?(<]|init\s*\(|deinit\s*\{|subscript\s*[(<])/
    return lines.indices.compactMap { index in
      guard let match = lines[index].firstMatch(of: opening) else { return nil }
      let start = lines[index].distance(from: lines[index].startIndex, to: match.range.lowerBound)
      return body(in: lines, from: index, column: start)
    }
  }

  /// From the declaration to the brace that closes its body; nil for a requirement of a protocol,
  /// after which the protocol ends or another declaration comes before any brace opens.
  private static func body(in lines: [String], from first: Int, column: Int) -> Function? {
    let next = /^\s*(@\w+\s+)*((public|package|private|static|mutating)\s+)*(func|var|init)\b/
    var parentheses = 0
    var braces = 0
    for index in first..<lines.count {
      if index > first, braces == 0, parentheses == 0, lines[index].firstMatch(of: next) != nil {
        return nil
      }
      let text = index == first ? String(lines[index].dropFirst(column)) : lines[index]
      for character in text {
        switch character {
        case "(", "[": parentheses += 1
        case ")", "]": parentheses -= 1
        case "{" where parentheses == 0 || braces > 0: braces += 1
        case "}" where parentheses == 0 || braces > 0:
          if braces == 0 { return nil }
          braces -= 1
          if braces == 0 { return Function(line: first + 1, length: index - first + 1) }
        default: break
        }
      }
    }
    return nil
  }

  /// C and shell functions begin in the first column and end with a brace there.
  static func inC(_ lines: [String]) -> [Function] {
    var functions: [Function] = []
    var start: Int?
    for (index, line) in lines.enumerated() {
      if line.hasPrefix("}") {
        if let first = start {
          functions.append(Function(line: first + 1, length: index - first + 1))
        }
        start = nil
      } else if start == nil, line.contains("("), line.first.map({ !$0.isWhitespace }) == true,
        !line.hasSuffix(";")
      {
        start = index
      }
    }
    return functions
  }
}
