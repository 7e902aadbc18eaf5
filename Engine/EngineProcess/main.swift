import Glibc
import Processes
import Settings
import SymbolEngine

let usage = """
  usage: outcry-engine --symbol NAME    the engine of one symbol
         outcry-engine --manage         an engine for each symbol of the database, kept running

  Settings come from the environment (OUTCRY_INSTANCE, OUTCRY_DATABASE, OUTCRY_REDIS, ...).
  Exit codes: 70 fenced off by another engine, 75 another engine on this host has the symbol,
  76 the symbol was moved to another shard.

  """

let arguments = CommandLine.arguments.dropFirst()
let settings = Settings.ofThisProcess()
signal(SIGPIPE, SIG_IGN)

do {
  let signals = try SignalQueue([SIGTERM, SIGINT, SIGCHLD, SymbolEngine.leaveSignal])
  switch (arguments.first, arguments.count) {
  case ("--symbol", 2):
    let name = arguments.last ?? ""
    let log = Log(role: "engine", symbol: name, level: settings.logLevel)
    try EngineManager.endWithManager()
    exit(try SymbolEngine(symbol: name, settings: settings, log: log).run(signals: signals))
  case ("--manage", 1):
    let log = Log(role: "manager", level: settings.logLevel)
    try EngineManager(settings: settings, log: log).run(signals: signals)
  case ("--help", 1):
    print(usage, terminator: "")
  default:
    _ = usage.withCString { write(STDERR_FILENO, $0, strlen($0)) }
    exit(EX_USAGE)
  }
} catch {
  Log(role: "engine").error("cannot go on", ["error": "\(error)"])
  exit(1)
}
