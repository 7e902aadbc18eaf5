import Glibc
import Processes
import Settings
import SharedMemory
import WorkerPool

/// The pool's master, as this program runs it.
enum WorkerMaster {
  static func run(settings: Settings, isEcho: Bool) throws {
    let log = Log(role: "worker-master", level: settings.logLevel)
    // The echo shows itself nowhere: it must run beside a real exchange without being part of it.
    let exchange =
      isEcho ? nil : try ExchangeSegment.openOrCreate(Instance(name: settings.instance))
    let score = try exchange?.claimScore(.poolMaster)
    let usage = exchange.map { ProcessUsage($0, role: .poolMaster, score: score) }
    let echo = isEcho ? ["--echo"] : []
    var options = Master.Options(
      program: ownPath(), childArguments: ["--child"] + echo, masterArguments: echo,
      checkArguments: ["--check"] + echo, count: settings.workers)
    options.stuckSeconds = Int64(settings.workerStuckSeconds)
    options.recycleAfter = UInt64(settings.workerRecycle)
    let master = try Master(
      options: options, log: log, figures: exchange?.claimPool(),
      socket: { () throws(SystemCallError) in
        if let inherited = ListeningSocket.inherited { return inherited }
        return try ListeningSocket.open(settings.listen)
      },
      onTurn: { isStopping in
        score?.set(isStopping ? .draining : .working)
        score?.beat()
        usage?.publish()
      })
    master.run()
  }

  /// Whether a pool could be run with these settings, by this program, on the shared memory that
  /// is there: asked before it takes the place of one that serves. Throws what speaks against it.
  static func check(settings: Settings, isEcho: Bool) throws {
    if !isEcho { _ = try ExchangeSegment.open(Instance(name: settings.instance)) }
  }

  /// As it was called, because that path may be a link which an update lets point to a new program.
  /// Else what the process runs, asked once: after an update the same path names the new program.
  private static func ownPath() -> String {
    let name = CommandLine.arguments[0]
    if name.hasPrefix("/") { return name }
    var path = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let length = path.withUnsafeMutableBytes {
      readlink("/proc/self/exe", $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
    }
    return String(decoding: path.prefix(max(0, length)), as: UTF8.self)
  }
}
