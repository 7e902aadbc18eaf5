// What a request costs in the layers without input or output; no network, no engine, one thread.
//
// outcry-bench-requests               all of it, in nanoseconds
// outcry-bench-requests NAME COUNT    one of it so often and nothing else, to be counted

let words = CommandLine.arguments.dropFirst()
if let name = words.first {
  let benchmark = RequestBenchmark(repetitions: words.last.flatMap { Int($0) } ?? 1)
  switch name {
  case "parseOrder": benchmark.parseOrder()
  case "parseBatch": benchmark.parseBatch()
  case "formatOrder": benchmark.formatOrder()
  case "formatBook": benchmark.formatBook()
  case "findToken": benchmark.findToken()
  default: preconditionFailure("there is no benchmark \(name)")
  }
} else {
  all()
}

func all() {
  let benchmark = RequestBenchmark()
  print("one thread, best of 5 runs")
  benchmark.parseOrder()
  benchmark.parseBatch()
  benchmark.formatOrder()
  benchmark.formatBook()
  benchmark.findToken()
  benchmark.verifySignature()
  benchmark.hashPassword()
  benchmark.readTrace()
  benchmark.countRequest()
  benchmark.readClock()
}
