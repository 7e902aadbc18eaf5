import Foundation
import Testing

/// What can be enforced about the way the code reads, enforced.
@Suite("The tree")
struct StyleTests {
  static let swift = SourceFile.all.filter(\.isSwift)
  static let code = SourceFile.all.filter { !$0.isProse }

  /// Reports every line of the files that the check finds fault with.
  private func forbid(
    _ what: String, in files: [SourceFile], where isWrong: (SourceFile, String) -> Bool
  ) {
    for file in files {
      for (index, line) in file.lines.enumerated() where isWrong(file, line) {
        Issue.record("\(file.path):\(index + 1): \(what)")
      }
    }
  }

  @Test("is found and read")
  func isRead() {
    #expect(Self.swift.contains { $0.path == "Tests/StyleTests/StyleTests.swift" })
    #expect(SourceFile.all.contains { $0.path == "Package.swift" })
  }

  @Test("has no file of more than 400 lines")
  func fileLengths() {
    for file in Self.code where file.lines.count - 1 > 400 && file.name != "LICENSE" {
      Issue.record("\(file.path): \(file.lines.count - 1) lines")
    }
  }

  @Test("has no function of more than 70 lines")
  func functionLengths() {
    for file in Self.code {
      let functions =
        if file.isSwift {
          FunctionLengths.inSwift(CodeOnly.lines(of: file))
        } else if file.isC {
          FunctionLengths.inC(CodeOnly.lines(of: file))
        } else {
          FunctionLengths.inC(file.lines)
        }
      for function in functions where function.length > 70 {
        Issue.record("\(file.path):\(function.line): a function of \(function.length) lines")
      }
    }
  }

  @Test("has main programs of at most 60 lines")
  func mainPrograms() {
    for file in Self.swift where file.name == "main.swift" {
      #expect(file.lines.count - 1 <= 60, "\(file.path)")
    }
  }

  @Test("has no line of more than 100 columns")
  func lineLengths() {
    forbid("more than 100 columns", in: Self.code) { _, line in line.count > 100 }
  }

  @Test("has no white space at the end of a line, no tabs, and one line break at the end of files")
  func whiteSpace() {
    forbid("white space at the end", in: Self.code) { _, line in line.last?.isWhitespace == true }
    forbid("a tab", in: Self.code.filter { $0.name != "Makefile" }) { _, line in
      line.contains("\t")
    }
    for file in Self.code where !file.lines.isEmpty && file.lines != [""] {
      #expect(file.lines.last == "", "\(file.path) must end with a line break")
      #expect(file.lines.dropLast().last != "", "\(file.path) ends with an empty line")
    }
  }

  @Test("leaves nothing for later and keeps no code in comments")
  func leftovers() {
    let words = ["TO" + "DO", "FIX" + "ME", "XX" + "X"].joined(separator: "|")
    let later = try! Regex("\\b(\(words))\\b")
    forbid("work left for later", in: Self.code) { _, line in
      line.firstMatch(of: later) != nil
    }
    let statement = /^\s*\/\/+\s*(let|var|func|return|if|guard|for|import|case|print)\b.*[={})]$/
    forbid("code in a comment", in: Self.swift) { _, line in
      line.firstMatch(of: statement) != nil
    }
  }

  @Test("has no test that sleeps: tests wait for a condition with a deadline")
  func sleeping() {
    let call = /\b(sleep|usleep|nanosleep|clock_nanosleep|sleepForTimeInterval)\s*\(/
    // A condition with a deadline has to be asked again somehow: TestSupport holds that loop.
    let tests = Self.swift.filter { $0.isTest && !$0.path.hasPrefix("Tests/TestSupport/") }
    forbid("sleeps", in: tests) { file, line in
      !file.path.hasPrefix("Tests/StyleTests/") && line.firstMatch(of: call) != nil
    }
  }

  @Test("names no path of a developer's machine and no place images are pulled from")
  func places() {
    let hosts = ["docker", "ghcr", "quay", "gcr"].map { "\\b\($0)\\.io/" }
    let folders = ["work", "home/[a-z]", "root", "tmp/wt"].map { "(^|[\"'=\\s])/\($0)/" }
    let pattern = try! Regex((hosts + folders).joined(separator: "|"))
    forbid("names a place", in: SourceFile.all) { _, line in
      line.firstMatch(of: pattern) != nil
    }
  }
}
