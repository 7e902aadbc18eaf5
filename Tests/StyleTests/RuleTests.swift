import Testing

/// The rules are code too: each is shown something it must find and something it must not.
@Suite("The style rules")
struct RuleTests {
  private func code(_ text: String) -> [String] {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    return CodeOnly.lines(of: SourceFile(path: "x.swift", lines: lines))
  }

  private func lengths(_ text: String) -> [Int] {
    FunctionLengths.inSwift(code(text)).map(\.length)
  }

  @Test("strings and comments are no code")
  func blanking() {
    #expect(code("a // {") == ["a "])
    #expect(code("a /* { \n } */ b") == ["a ", " b"])
    #expect(code("f(\"{\\\"{\")") == ["f(\"\")"])
    #expect(code("f(#\"{\"{\"#) }") == ["f(\"\") }"])
    #expect(code("\"\"\"\n{ \"x\" {\n\"\"\" }") == ["\"", "", "\" }"])
  }

  @Test("what is interpolated is code again")
  func interpolation() {
    #expect(code("\"{\\(f { \"}\" })}\" }") == ["\" f { \"\" }\" }"])
  }

  @Test("a function is measured from its name to its last brace")
  func measuring() {
    #expect(lengths("func a() { b() }") == [1])
    #expect(lengths("func a(\n  b: Int\n) {\n  if b {\n  }\n}\nlet c = 1") == [6])
    #expect(lengths("init(a: () -> Void = { }) {\n}") == [2])
    #expect(lengths("func a() {\n  func b() {\n  }\n}") == [4, 2])
  }

  @Test("a requirement of a protocol has no length")
  func requirements() {
    #expect(lengths("protocol P {\n  func a()\n  func b() -> Int\n}\nfunc c() {\n}") == [2])
  }

  @Test("functions of C and of scripts are measured too")
  func measuringC() {
    let lines = ["static int f(int a) {", "  if (a) {", "  }", "}", "int g(void);"]
    #expect(FunctionLengths.inC(lines).map(\.length) == [4])
  }
}
