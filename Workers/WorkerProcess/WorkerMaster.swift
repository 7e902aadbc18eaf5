import FastCGI
import Glibc
import Settings
import WorkerPool

/// The pool's master, as this program runs it.
enum WorkerMaster {
  static func run(settings: Settings, isEcho: Bool) throws {
    let log = Log(role: "worker-master", level: settings.logLevel)
    let socket = try ListeningSocket.inherited ?? ListeningSocket.open(settings.listen)
    let master = try Master(
      socket: socket,
      options: Master.Options(
        program: ownPath(), arguments: isEcho ? ["--child", "--echo"] : ["--child"],
        count: settings.workers),
      log: log)
    master.run()
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
