// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

/// A Swift library of the given side; its folder carries its name.
func library(_ side: String, _ name: String, needs: [Target.Dependency] = []) -> Target {
  .target(
    name: name, dependencies: needs, path: "\(side)/\(name)", exclude: readme(side, name),
    swiftSettings: strict)
}

func program(_ side: String, _ folder: String, named name: String, needs: [Target.Dependency])
  -> Target
{
  .executableTarget(
    name: name, dependencies: needs, path: "\(side)/\(folder)", exclude: readme(side, folder),
    swiftSettings: strict)
}

func tests(of name: String, needs: [Target.Dependency]) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: needs, path: "Tests/\(name)Tests",
    swiftSettings: strict)
}

/// The folders that explain themselves; each has a README.md that is not source.
func readme(_ side: String, _ folder: String) -> [String] {
  let explained: Set<String> = [
    "Engine/Feed", "Engine/Load", "Engine/OrderBook", "Engine/Relocation", "Engine/Replay",
    "Engine/SharedMemory",
    "Engine/Store",
    "Engine/SymbolState", "Workers/API", "Workers/Accounts",
  ]
  return explained.contains("\(side)/\(folder)") ? ["README.md"] : []
}

let package = Package(
  name: "outcry",
  products: [
    .library(name: "OrderBook", targets: ["OrderBook", "Wire"]),
    .executable(name: "outcry-worker", targets: ["outcry-worker"]),
    .executable(name: "outcry-engine", targets: ["outcry-engine"]),
    .executable(name: "outcry-feed", targets: ["outcry-feed"]),
    .executable(name: "outcry", targets: ["outcry"]),
  ],
  targets: [
    // Both sides of the process boundary.
    .target(name: "CShared", path: "Engine/CShared"),
    library("Engine", "Wire", needs: ["CShared"]),
    library("Engine", "SharedMemory", needs: ["CShared", "Wire"]),
    library("Engine", "Metrics", needs: ["SharedMemory", "Wire"]),
    library("Engine", "Settings", needs: ["CShared"]),
    library("Engine", "Processes", needs: ["CShared"]),
    .systemLibrary(name: "CPostgres", path: "Engine/CPostgres"),
    library("Engine", "Postgres", needs: ["CPostgres"]),

    // The book side.
    library("Engine", "OrderBook", needs: ["Wire"]),
    library("Engine", "SymbolState", needs: ["Wire", "OrderBook"]),
    library("Engine", "Store", needs: ["Postgres", "Wire"]),
    .systemLibrary(name: "CRedis", path: "Engine/CRedis"),
    library(
      "Engine", "Replay", needs: ["OrderBook", "Postgres", "Store", "SymbolState", "Wire"]),
    library(
      "Engine", "Relocation", needs: ["Postgres", "Replay", "Store", "SymbolState", "Wire"]),
    library("Engine", "Feed", needs: ["CRedis", "CShared", "Settings", "Wire"]),
    library("Engine", "Relay", needs: ["Feed", "Processes", "Settings"]),
    program(
      "Engine", "FeedProcess", named: "outcry-feed",
      needs: ["Processes", "Relay", "Settings", "SharedMemory"]),
    library(
      "Engine", "SymbolEngine",
      needs: [
        "Feed", "Processes", "Replay", "Settings", "SharedMemory", "Store", "SymbolState",
      ]),
    program(
      "Engine", "EngineProcess", named: "outcry-engine",
      needs: ["Processes", "Settings", "SymbolEngine"]),
    library("Engine", "Supervision", needs: ["CShared", "Settings", "SharedMemory"]),
    library("Engine", "Load", needs: ["CShared", "Postgres", "Store", "Wire"]),
    program(
      "Engine", "Operator", named: "outcry",
      needs: [
        "CShared", "Load", "Metrics", "OrderBook", "Postgres", "Processes", "Relocation", "Replay",
        "Settings", "SharedMemory", "Store",
        "Supervision", "Wire",
      ]),

    // The request side.
    .systemLibrary(name: "CFCGI", path: "Workers/CFCGI"),
    .systemLibrary(name: "CSodium", path: "Workers/CSodium"),
    library("Workers", "FastCGI", needs: ["CFCGI", "CShared", "Processes", "Settings"]),
    library("Workers", "API", needs: ["Wire"]),
    library("Workers", "Accounts", needs: ["CSodium", "Postgres"]),
    library("Workers", "WorkerPool", needs: ["CShared", "Processes", "Settings", "SharedMemory"]),
    library(
      "Workers", "Service",
      needs: [
        "API", "Accounts", "FastCGI", "Metrics", "Postgres", "Settings", "SharedMemory", "Store",
      ]),
    program(
      "Workers", "WorkerProcess", named: "outcry-worker", needs: ["Service", "WorkerPool"]),

    // What the tests and benchmarks share.
    .target(name: "CAllocations", path: "Tests/CAllocations"),
    .target(
      name: "TestSupport", dependencies: ["Wire", "OrderBook", "SharedMemory", "Postgres"],
      path: "Tests/TestSupport", swiftSettings: strict),
    program(
      "Tests/Benchmarks", "Book", named: "outcry-bench-book", needs: ["OrderBook", "TestSupport"]),
    program(
      "Tests/Benchmarks", "Requests", named: "outcry-bench-requests",
      needs: ["API", "Accounts", "SharedMemory", "Wire"]),
    program(
      "Tests/Benchmarks", "Recovery", named: "outcry-bench-recovery",
      needs: ["SharedMemory", "TestSupport", "outcry-engine"]),
    program(
      "Tests/Benchmarks", "Store", named: "outcry-bench-store",
      needs: ["OrderBook", "Postgres", "Replay", "Store", "SymbolState", "TestSupport", "Wire"]),
    program("Tests/Benchmarks", "Streams", named: "outcry-bench-streams", needs: ["CShared"]),
    program(
      "Tests", "SharedMemoryProbe", named: "shared-memory-probe", needs: ["SharedMemory"]),
    tests(of: "Wire", needs: ["TestSupport", "Wire"]),
    tests(of: "Settings", needs: ["Settings", "TestSupport"]),
    tests(
      of: "Supervision",
      needs: ["SharedMemory", "Supervision", "TestSupport", "outcry", "outcry-worker"]),
    tests(of: "SharedMemory", needs: ["SharedMemory", "TestSupport", "shared-memory-probe"]),
    tests(of: "Metrics", needs: ["Metrics", "SharedMemory", "TestSupport"]),
    tests(of: "OrderBook", needs: ["CAllocations", "OrderBook", "TestSupport"]),
    tests(of: "SymbolState", needs: ["SymbolState", "TestSupport"]),
    tests(
      of: "SymbolEngine",
      needs: ["SharedMemory", "Store", "Processes", "TestSupport", "outcry-engine"]),
    tests(of: "Postgres", needs: ["Postgres", "TestSupport"]),
    tests(of: "Store", needs: ["Store", "TestSupport"]),
    tests(
      of: "Replay",
      needs: [
        "OrderBook", "Postgres", "Replay", "SharedMemory", "Store", "SymbolState", "TestSupport",
        "Wire", "outcry", "outcry-engine",
      ]),
    tests(of: "Feed", needs: ["Feed", "Settings", "TestSupport", "Wire"]),
    tests(of: "Relay", needs: ["Relay", "TestSupport"]),
    tests(of: "API", needs: ["API", "CAllocations", "TestSupport"]),
    tests(
      of: "Accounts", needs: ["Accounts", "CAllocations", "Postgres", "Store", "TestSupport"]),
    tests(of: "FastCGI", needs: ["FastCGI", "Settings", "TestSupport"]),
    tests(of: "WorkerPool", needs: ["WorkerPool", "TestSupport", "outcry-worker"]),
    tests(
      of: "Service",
      needs: ["Postgres", "SharedMemory", "Store", "TestSupport", "outcry-worker"]),
    tests(of: "Load", needs: ["Load", "TestSupport"]),
    tests(of: "Style", needs: ["TestSupport"]),
    tests(
      of: "EndToEnd",
      needs: [
        "Accounts", "Load", "TestSupport", "Postgres", "Relocation", "SharedMemory",
        "Supervision", "outcry",
        "outcry-engine", "outcry-feed", "outcry-worker",
      ]),
  ],
  swiftLanguageModes: [.v6]
)
