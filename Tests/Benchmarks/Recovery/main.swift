let orders = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 1_000_000
precondition(orders % 1000 == 0, "a multiple of 1000 orders")

let benchmark = try RecoveryBenchmark(orders: orders)
try benchmark.fill()
try benchmark.restartFromSnapshot()
try benchmark.trade()
try benchmark.restartWithReplay()
try benchmark.pauseUnderLoad()
