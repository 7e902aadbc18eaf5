import API
import Glibc
import SharedMemory

/// What following a request costs, beside the work itself.
extension RequestBenchmark {
  func readTrace() {
    let header = Array("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".utf8)
    let name = Array("0123456789abcdef0011223344556677".utf8)
    var sum: UInt64 = 0
    header.withUnsafeBytes { header in
      name.withUnsafeBytes { name in
        measure("read a traceparent", count: 1_000_000) {
          sum &+= TraceContext(header: header, requestID: name).span
        }
      }
    }
    precondition(sum > 0)
  }

  /// One counter and three durations, as a worker does for every order.
  func countRequest() {
    guard let instance = try? Instance(name: "bench-\(getpid())"),
      let exchange = try? ExchangeSegment.openOrCreate(instance),
      let slot = try? exchange.claimWorkerSlot()
    else { preconditionFailure("no shared memory") }
    defer { instance.removeAll() }
    let meter = slot.meter(.intake)
    let series = exchange.series("http/place_order/201")
    var nanos: Int64 = 1
    measure("count a request", count: 1_000_000) {
      // Over all buckets, so that no branch is always the same.
      nanos = (nanos &* 6_364_136_223_846_793_005 &+ 1) & 0x3FFF_FFFF
      meter.count(series)
      meter.record(WorkerHistogram.intake, nanos: nanos & 0xFFFF)
      meter.record(WorkerHistogram.reply, nanos: nanos & 0xF_FFFF)
      meter.record(WorkerHistogram.request(.order, status: 201), nanos: nanos)
    }
  }

  func readClock() {
    var sum: Int64 = 0
    measure("read the clock", count: 1_000_000) { sum &+= Clock.monotonicNanos() }
    precondition(sum != 0)
  }
}
