import Glibc
import TestSupport

/// The processor time, in seconds, that PostgreSQL's process for a connection has used: on a busy
/// machine it says more about cost than the clock does.
func serverSeconds(_ backend: Int32) -> Double {
  let fields = readFile("/proc/\(backend)/stat").split(separator: ")").last?
    .split(separator: " ")
  guard let fields, fields.count > 12,
    let user = Double(fields[11]), let system = Double(fields[12])
  else { return 0 }
  return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
}
