import Foundation
import Testing

@Suite("The formatter")
struct FormatTests {
  @Test("has nothing to change")
  func lint() throws {
    let lint = Process()
    lint.executableURL = URL(filePath: "/usr/bin/env")
    lint.arguments =
      ["swift", "format", "lint", "--strict", "--parallel", "--recursive"]
      + ["Package.swift", "Engine", "Workers", "Tests"]
    lint.currentDirectoryURL = SourceFile.top
    let output = Pipe()
    lint.standardError = output
    try lint.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    lint.waitUntilExit()
    #expect(lint.terminationStatus == 0, "swift format -i -r Engine Workers Tests\n\(text)")
  }
}
