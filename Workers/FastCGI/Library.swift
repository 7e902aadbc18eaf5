import CFCGI
import CShared
import Glibc

extension Server {
  /// libfcgi installs handlers for SIGPIPE and SIGUSR1 where it finds the default ones; what is
  /// set here first keeps it from doing so.
  static func prepareLibrary() {
    signal(SIGPIPE, SIG_IGN)
    // libfcgi asks for 8 KB buffers for each request, and glibc answers each such wish by first
    // merging all small free blocks, unless there are no fast bins of them.
    mallopt(M_MXFAST, 0)
    var usr1 = sigaction()
    sigaction(SIGUSR1, nil, &usr1)
    let wasDefault = usr1.__sigaction_handler.sa_handler == nil
    if wasDefault { signal(SIGUSR1, SIG_IGN) }
    precondition(FCGX_Init() == 0, "libfcgi does not start")
    if wasDefault { signal(SIGUSR1, SIG_DFL) }
  }

  /// A connection costs a descriptor and little else, so as many as the system allows.
  static func raiseDescriptorLimit() -> Int {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = min(limit.rlim_max, 65_536)
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return Int(limit.rlim_cur)
  }
}
