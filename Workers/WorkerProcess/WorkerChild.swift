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
    let server = try Server(listening: child.listener)
    guard !isEcho else { return runEcho(child, server) }

    let service = try WorkerService(settings: settings, server: server, log: log)
    let score = try service.claimScore()
    let usage = service.usage(score)
    service.start(whenDrained: child.whenDrained)
    score?.set(.working)
    child.announceReady()
    child.run(
      tick: {
        for (counter, value) in service.figures.enumerated() {
          score?.set(counter: counter, to: value)
        }
        usage.publish()
        score?.beat()
        service.tend()
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
    child.announceReady()
    child.run(tick: {}, drain: service.drain)
  }
}
