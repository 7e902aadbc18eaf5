import Glibc

let usage = """
  usage: outcry-bench-streams trades PORT CLIENTS RATE SECONDS MAKER-TOKEN TAKER-TOKEN
         outcry-bench-streams hold PORT CLIENTS STREAMS    until standard input ends

  """

let arguments = Array(CommandLine.arguments.dropFirst())
var files = rlimit()
getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files)
files.rlim_cur = files.rlim_max
setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files)

if arguments.count == 7, arguments[0] == "trades", let port = UInt16(arguments[1]),
  let clients = Int(arguments[2]), let rate = Double(arguments[3]), let seconds = Int(arguments[4])
{
  TradesRun(port: port, clients: clients, rate: rate, seconds: seconds)
    .run(maker: arguments[5], taker: arguments[6])
} else if arguments.count == 4, arguments[0] == "hold", let port = UInt16(arguments[1]),
  let clients = Int(arguments[2])
{
  HoldRun.run(port: port, clients: clients, streams: arguments[3])
} else {
  write(STDERR_FILENO, usage, usage.utf8.count)
  exit(64)
}
