import FastCGI
import Service
import Settings
import WorkerPool

/// One process of the pool, as this program runs it.
enum WorkerChild {
  static func run(settings: Settings, isEcho: Bool) throws {
    let log = Log(role: "worker", level: settings.logLevel)
    let child = try Child(log: log)
    let server = try Server(listening: child.listener)
    let service = EchoService(server: server)
    service.start(whenDrained: child.whenDrained)
    child.announceReady()
    child.run(tick: {}, drain: service.drain)
  }
}
