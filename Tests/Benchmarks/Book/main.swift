import Glibc

// outcry-bench-book                          the workloads, 2 million commands each
// outcry-bench-book structures               the price levels against two other structures
// outcry-bench-book soak COMMANDS [SEED]     the book against the obvious one

let arguments = CommandLine.arguments.dropFirst()
if arguments.first == "soak" {
  let numbers = arguments.dropFirst().compactMap { UInt64($0) }
  let seed = numbers.count > 1 ? numbers[1] : UInt64.random(in: 0..<1 << 62)
  exit(try Soak.run(commands: Int(numbers.first ?? 100_000_000), seed: seed) ? 0 : 1)
}
if arguments.first == "structures" {
  try Structures.print(commands: 500_000)
  exit(0)
}
let count = arguments.first.flatMap { Int($0) } ?? 2_000_000
try Report.print(commands: count)
