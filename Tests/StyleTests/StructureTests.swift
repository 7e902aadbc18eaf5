import Testing

/// The boundaries between modules, as far as imports show them.
@Suite("The structure")
struct StructureTests {
  private func imports(of file: SourceFile) -> [String] {
    let pattern = /^\s*(?:@\w+\s+|public\s+|package\s+)*import\s+(?:[a-z]+\s+)?(\w+)/
    return file.lines.compactMap { line in
      line.firstMatch(of: pattern).map { String($0.output.1) }
    }
  }

  @Test(
    "wraps each C library in exactly one module",
    arguments: [
      "CPostgres": "Engine/Postgres", "CRedis": "Engine/Feed", "CFCGI": "Workers/FastCGI",
      "CSodium": "Workers/Accounts",
    ])
  func wrapped(library: String, folder: String) {
    for file in StyleTests.swift where imports(of: file).contains(library) {
      #expect(file.path.hasPrefix(folder + "/"), "\(file.path) imports \(library)")
    }
  }

  /// Where Glibc is allowed it is for memcpy and memcmp.
  @Test(
    "keeps the pure modules pure",
    arguments: [
      "Engine/Wire": ["CShared"],
      "Engine/OrderBook": ["CShared", "Wire"],
      "Engine/SymbolState": ["CShared", "Glibc", "Wire", "OrderBook"],
      "Workers/API": ["CShared", "Glibc", "Wire"],
    ])
  func pure(folder: String, allowed: [String]) {
    for file in StyleTests.swift where file.path.hasPrefix(folder + "/") {
      for module in imports(of: file) {
        #expect(allowed.contains(module), "\(file.path) imports \(module)")
      }
    }
  }

  @Test(
    "keeps Foundation off the order path",
    arguments: [
      "Engine/Settings", "Engine/SharedMemory", "Engine/SymbolEngine", "Engine/Store",
      "Engine/Postgres", "Engine/Feed", "Engine/Relay", "Engine/EngineProcess", "Workers/FastCGI",
      "Workers/Accounts", "Workers/Service", "Workers/WorkerPool", "Workers/WorkerProcess",
    ])
  func noFoundation(folder: String) {
    for file in StyleTests.swift where file.path.hasPrefix(folder + "/") {
      let heavy = imports(of: file).filter { $0.hasPrefix("Foundation") || $0 == "Dispatch" }
      #expect(heavy.isEmpty, "\(file.path) imports \(heavy)")
    }
  }

  @Test("shares nothing between the two sides but the boundary")
  func boundary() {
    let book = ["OrderBook", "SymbolState", "SymbolEngine", "Feed"]
    for file in StyleTests.swift where file.path.hasPrefix("Workers/") {
      let crossing = imports(of: file).filter(book.contains)
      #expect(crossing.isEmpty, "\(file.path) imports \(crossing)")
    }
    let requests = ["API", "Accounts", "FastCGI", "WorkerPool", "Service", "CFCGI", "CSodium"]
    for file in StyleTests.swift where file.path.hasPrefix("Engine/") {
      let crossing = imports(of: file).filter(requests.contains)
      #expect(crossing.isEmpty, "\(file.path) imports \(crossing)")
    }
  }

  @Test("never opens a module up for its tests")
  func noTestableImports() {
    for file in StyleTests.swift {
      #expect(!file.lines.contains { $0.hasPrefix("@testable") }, "\(file.path)")
    }
  }

  @Test("lists every folder in the README beside it", arguments: ["Engine", "Workers", "Tests"])
  func foldersListed(side: String) throws {
    let readme = try #require(SourceFile.all.first { $0.path == "\(side)/README.md" })
    let text = readme.lines.joined(separator: "\n")
    let folders = Set(
      SourceFile.all.map { $0.path.split(separator: "/") }
        .filter { $0.count > 2 && $0[0] == side }.map { String($0[1]) })
    for folder in folders.sorted() {
      #expect(text.contains("`\(folder)/`"), "\(side)/README.md does not mention `\(folder)/`")
    }
  }
}
