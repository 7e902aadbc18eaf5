import Foundation
import TestSupport
import Testing

/// What health checks of containers and pods ask.
@Suite("outcry health", .serialized)
struct HealthTests {
  @Test("tells, part by part, whether it serves")
  func parts() throws {
    let exchange = try Exchange()
    for (part, word) in [("workers", "ok"), ("ready", "engine BTC-USD"), ("engines", "serve")] {
      let (status, output) = exchange.outcry("health", part)
      #expect(status == 0, "\(part): \(output)")
      #expect(output.contains(word), "\(part): \(output)")
    }
    #expect(exchange.outcry("health").status == 64)

    try exchange.signal("redis", SIGSTOP)
    let unready = exchange.outcry("health", "ready")
    #expect(unready.status == 1 && unready.output.contains("redis"), "\(unready)")
    #expect(exchange.outcry("health", "workers").status == 0, "workers serve without Redis")
    try exchange.signal("redis", SIGCONT)

    // The manager is kept from starting another engine.
    try exchange.signal("engine", SIGSTOP)
    let engine = try #require(try exchange.living(.engine, symbol: 1).first)
    Glibc.kill(engine, SIGKILL)
    #expect(eventually { exchange.outcry("health", "engines").status == 1 })
    #expect(exchange.outcry("health", "engines").output.contains("BTC-USD"))
    try exchange.signal("engine", SIGCONT)
    #expect(eventually { exchange.outcry("health", "engines").status == 0 })

    exchange.outcry("down")
    for part in ["workers", "ready", "engines"] {
      #expect(exchange.outcry("health", part).status == 1, "\(part) of an exchange that is down")
    }
  }
}
