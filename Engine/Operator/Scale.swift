import CShared
import Glibc
import Supervision

extension Commands {
  static let scale = Command(
    name: "scale", summary: "run more or fewer worker processes",
    help: """
      usage: outcry scale workers N [--state FOLDER]

      Changes the number of worker processes (1 to 64) while requests are served. It lasts until
      the worker master is started again; OUTCRY_WORKERS sets the number for good.
      """
  ) { arguments in
    let place = try Place(&arguments)
    guard arguments.operand() == "workers" else {
      throw Usage("say what to scale: outcry scale workers 4", for: "scale")
    }
    guard let count = arguments.operand().flatMap({ Int32($0) }), (1...64).contains(count) else {
      throw Usage("the number of workers is 1 to 64", for: "scale")
    }
    try arguments.end()
    let folder = try place.existing()
    let programs = ProgramStatus.all(in: folder.statusFile)
    guard SupervisorLock.holder(of: folder.pidFile) != nil,
      let master = programs.first(where: { $0.name == "worker" && $0.pid != 0 })
    else { throw Failure("the workers do not run: start them with `outcry up`") }
    // The master takes the number from the signal itself, so no file or socket can be stale.
    let code = outcry_signal_with_value(master.pid, SIGUSR1, count)
    guard code == 0 else {
      throw Failure("cannot signal the worker master: \(String(cString: strerror(code)))")
    }
    print("\(count) worker processes from now on; `outcry status` shows them.")
  }
}
