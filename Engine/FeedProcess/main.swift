import Glibc
import Processes
import Relay
import Settings

let usage = """
  usage: outcry-feed

  Carries what the engines publish in Redis (OUTCRY_REDIS) to the nginx that listens on
  OUTCRY_PUBLISH_SOCKET. One for each nginx. SIGTERM ends it.

  """

let arguments = CommandLine.arguments.dropFirst()
guard arguments.isEmpty else {
  let isHelp = arguments.count == 1 && arguments.first == "--help"
  _ = usage.withCString { write(isHelp ? STDOUT_FILENO : STDERR_FILENO, $0, strlen($0)) }
  exit(isHelp ? 0 : EX_USAGE)
}

let settings = Settings.ofThisProcess()
let log = Log(role: "feed", level: settings.logLevel)
do {
  let signals = try SignalQueue([SIGTERM, SIGINT])
  // Without a place for its figures it does its work all the same.
  let report = FeedReport(instance: settings.instance, log: log)
  Relay(redis: settings.redis, publishSocket: settings.publishSocket, log: log)
    .run(signals: signals, report: { report?.publish($0) })
  log.info("stopped")
} catch {
  log.error("cannot start", ["error": "\(error)"])
  exit(1)
}
