import FastCGI
import Glibc
import Settings
import SharedMemory
import WorkerPool

/// The pool's master, as this program runs it.
enum WorkerMaster {
  static func run(settings: Settings, isEcho: Bool) throws {
    let log = Log(role: "worker-master", level: settings.logLevel)
    let socket = try ListeningSocket.inherited ?? ListeningSocket.open(settings.listen)
    // The echo shows itself nowhere: it must run beside a real exchange without being part of it.
    let exchange =
      isEcho ? nil : try ExchangeSegment.openOrCreate(Instance(name: settings.instance))
    let score = try exchange?.claimScore(.poolMaster)
    let usage = exchange.map { ProcessUsage($0, role: .poolMaster, score: score) }
    let master = try Master(
      socket: socket,
      options: Master.Options(
        program: ownPath(), arguments: isEcho ? ["--child", "--echo"] : ["--child"],
        count: settings.workers.least),
      log: log,
      report: {
        show($0, on: score)
        usage?.publish()
      })
    master.run()
  }

  private static func show(_ figures: Master.Figures, on score: Score?) {
    guard let score else { return }
    score.set(counter: 0, to: UInt64(figures.target))
    score.set(counter: 1, to: UInt64(figures.serving))
    score.set(counter: 2, to: UInt64(figures.draining))
    score.set(counter: 3, to: figures.started)
    score.set(counter: 4, to: figures.died)
    score.set(figures.isStopping ? .draining : .working)
    score.beat()
  }

  /// Asked once, at the start: after an update the same path names the new program, and a rolling
  /// restart brings it in.
  private static func ownPath() -> String {
    var path = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let length = path.withUnsafeMutableBytes {
      readlink("/proc/self/exe", $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
    }
    return String(decoding: path.prefix(max(0, length)), as: UTF8.self)
  }
}
