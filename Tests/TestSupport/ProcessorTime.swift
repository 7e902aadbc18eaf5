import Glibc

/// The processor time, in seconds, that a process has used. On a busy machine it says more about
/// cost than the clock does.
public func processorSeconds(of pid: Int32) -> Double {
  let fields = readFile("/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ")
  guard let fields, fields.count > 12,
    let user = Double(fields[11]), let system = Double(fields[12])
  else { return 0 }
  return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
}

/// The same for the calling thread.
public func threadProcessorSeconds() -> Double {
  var now = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now)
  return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
}
