import Glibc
import Settings
import Supervision

extension Commands {
  static let status = Command(
    name: "status", summary: "show what runs and how it is doing",
    help: """
      usage: outcry status [--state FOLDER]

      Exit status: 0 when the exchange is ready, 1 when it is not, 3 when it is down.
      """
  ) { arguments in
    let place = try Place(&arguments)
    try arguments.end()
    let folder = try place.existing()
    guard let supervisor = SupervisorLock.holder(of: folder.pidFile) else {
      print("Outcry is down: `outcry up` starts it.")
      exit(3)
    }
    let stack = try place.stack(in: folder)
    var table = Table(["PROGRAM", "PID", "STATE", "RESTARTS", "SINCE"])
    table.add(["supervisor", "\(supervisor)", "running", "-", "-"])
    for program in ProgramStatus.all(in: folder.statusFile) {
      let state = program.pid == 0 ? "waiting" : program.isReady ? "ready" : "starting"
      table.add([
        program.name, program.pid == 0 ? "-" : "\(program.pid)", state, "\(program.restarts)",
        age(since: program.since),
      ])
    }
    print(table.text)
    let isReady = Readiness(stack: stack).isReady
    print("\nhttp://localhost:\(stack.settings.port) is \(isReady ? "ready" : "NOT ready")")
    if !isReady { exit(1) }
  }

  static func age(since seconds: Int) -> String {
    let age = max(0, time(nil) - seconds)
    return switch age {
    case ..<120: "\(age) s"
    case ..<7200: "\(age / 60) min"
    case ..<172_800: "\(age / 3600) h"
    default: "\(age / 86_400) d"
    }
  }
}
