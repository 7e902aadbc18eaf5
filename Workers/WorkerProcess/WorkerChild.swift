import FastCGI
import Service
import Settings
import SharedMemory
import WorkerPool

/// One process of the pool, as this program runs it.
enum WorkerChild {
  static func run(settings: Settings, isEcho: Bool) throws {
    let log = Log(role: "worker", level: settings.logLevel)
    let child = try Child(log: log)
    var limits = Server.Limits()
    limits.slowNanos = Int64(settings.slowRequestMilliseconds) * 1_000_000
    let server = try Server(listening: child.listener, limits: limits)
    guard !isEcho else { return runEcho(child, server) }

    let service = try WorkerService(settings: settings, server: server, log: log)
    let score = try service.claimScore()
    let usage = service.usage(score)
    service.start(whenDrained: child.whenDrained)
    score?.set(.working)
    child.run(
      tick: {
        let report = report(server, service)
        score?.show(report, waiting: service.waiting.engines)
        usage.publish()
        service.tend()
        return report
      },
      drain: {
        score?.set(.draining)
        service.drain()
      })
    score?.set(.stopped)
  }

  private static func runEcho(_ child: Child, _ server: Server) {
    let service = EchoService(server: server)
    service.start(whenDrained: child.whenDrained)
    child.run(tick: { report(server, nil) }, drain: service.drain)
  }

  private static func report(_ server: Server, _ service: WorkerService?) -> Report {
    var report = Report()
    let counts = server.counts
    report.requests = counts.requests
    report.accepted = counts.accepted
    report.slow = counts.slow
    report.busyNanos = server.pulse.busyNanos
    report.underWay = UInt64(counts.active)
    report.mostUnderWay = UInt64(counts.mostActive)
    report.connections = UInt64(counts.open)
    report.intake = server.pulse.value
    guard let service else { return report }
    report.limited = service.limited
    report.queued = UInt64(service.waiting.database)
    report.completion = service.completing.value
    return report
  }
}

extension Score {
  fileprivate func show(_ report: Report, waiting: Int) {
    set(counter: WorkerMetric.requests, to: report.requests)
    set(counter: WorkerMetric.underWay, to: report.underWay)
    set(counter: WorkerMetric.accepted, to: report.accepted)
    set(counter: WorkerMetric.connections, to: report.connections)
    set(counter: WorkerMetric.waiting, to: UInt64(waiting))
    set(counter: WorkerMetric.slow, to: report.slow)
    set(counter: WorkerMetric.limited, to: report.limited)
    set(counter: WorkerMetric.busyNanos, to: report.busyNanos)
    beat()
  }
}
