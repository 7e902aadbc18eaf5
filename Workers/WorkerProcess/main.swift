import FastCGI
import Glibc
import Service
import Settings
import WorkerPool

let usage = """
  usage: outcry-worker [--echo] [--check]

  Keeps OUTCRY_WORKERS processes that answer FastCGI requests on OUTCRY_LISTEN, or on the socket
  that a supervisor left at descriptor 3 (LISTEN_FDS=1).

    --echo   answer every request with a constant, for benchmarks
    --child  be one of these processes (what the master starts)
    --check  only say, by the exit status, whether it could start

  SIGTERM drains and ends; SIGHUP replaces the program, the settings and the processes one by one;
  SIGTTIN and SIGTTOU start one more and one less; SIGUSR1 sent with a value by sigqueue(3) sets
  their number.

  """

let arguments = Set(CommandLine.arguments.dropFirst())
let options: Set = ["--echo", "--child", "--check", "--help"]
guard arguments.isSubset(of: options) else {
  write(STDERR_FILENO, usage, usage.utf8.count)
  exit(64)
}
guard !arguments.contains("--help") else {
  print(usage, terminator: "")
  exit(0)
}

let settings = Settings.ofThisProcess()
let isEcho = arguments.contains("--echo")
do {
  if arguments.contains("--child") {
    try WorkerChild.run(settings: settings, isEcho: isEcho)
  } else if arguments.contains("--check") {
    try WorkerMaster.check(settings: settings, isEcho: isEcho)
  } else {
    try WorkerMaster.run(settings: settings, isEcho: isEcho)
  }
} catch {
  Log(role: "worker").error("cannot start", ["cause": "\(error)"])
  exit(70)
}
