import Glibc
import Settings

do {
  var arguments = try Arguments(Array(CommandLine.arguments.dropFirst()))
  guard let command = Commands.named(arguments.command) else {
    if arguments.command.isEmpty || arguments.wantsHelp {
      print(Commands.overview)
      exit(arguments.wantsHelp ? 0 : 64)
    }
    throw Usage("there is no command \"\(arguments.command)\"", seeAlso: "outcry --help")
  }
  if arguments.wantsHelp {
    print(command.help)
  } else {
    try command.run(&arguments)
  }
} catch let error as Usage {
  printError("\(error.description)\n\(error.seeAlso)")
  exit(64)
} catch let problems as Settings.Problems {
  for problem in problems.list { printError(problem) }
  exit(78)
} catch {
  printError("\(error)")
  exit(1)
}
