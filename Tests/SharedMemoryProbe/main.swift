// A process for the tests of SharedMemory to run and to kill. See Tests/SharedMemoryTests.
import Glibc

let arguments = Arguments(CommandLine.arguments)
do {
  switch arguments.role {
  case "writer": try runWriter(arguments)
  case "engine": try runEngine(arguments)
  case "board-writer": try runBoardWriter(arguments)
  case "create": try runCreate(arguments)
  case "creator-that-dies": try runDyingCreator(arguments)
  case "slot-holder": try runSlotHolder(arguments)
  case "sleeper": try runSleeper(arguments)
  case "mailbox-hoarder": try runMailboxHoarder(arguments)
  default:
    say("unknown role '\(arguments.role)'")
    exit(64)
  }
} catch {
  say("\(error)")
  exit(1)
}
