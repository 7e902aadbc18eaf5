import CShared
import Glibc
import Settings
import Supervision

extension Commands {
  static let scale = Command(
    name: "scale", summary: "run more or fewer worker processes, or shards",
    help: """
      usage: outcry scale workers N [--state FOLDER]
             outcry scale workers N-M [--state FOLDER]
             outcry scale shards N [--state FOLDER]

      `workers` changes the number of worker processes (1 to 64) while requests are served. With
      two numbers there are at least N and at most M of them, as many as the load wants. It lasts
      until the worker master is started again, or is told to reload another number; the setting
      `workers` sets it for good.

      `shards` starts or stops programs of shards on this machine, 2 to 8 in all, and moves symbols
      to where `outcry symbols rebalance` would: to new shards when they are ready, and away from
      those that are to go before they do. No request fails. It is remembered.
      """
  ) { arguments in
    let place = try Place(&arguments)
    switch arguments.operand() {
    case "workers": try scaleWorkers(place, &arguments)
    case "shards":
      guard let count = arguments.operand().flatMap({ Int($0) }) else {
        throw Usage("how many shards? outcry scale shards 3", for: "scale")
      }
      try arguments.end()
      try ScaleShards(place: place, folder: try place.existing()).run(to: count)
      print("\(count) shards from now on.")
    default: throw Usage("say what to scale: outcry scale workers 4", for: "scale")
    }
  }

  private static func scaleWorkers(_ place: Place, _ arguments: inout Arguments) throws {
    guard let count = arguments.operand().flatMap({ WorkerCount($0) }) else {
      throw Usage("the number of workers is 1 to 64, or a range such as 2-16", for: "scale")
    }
    try arguments.end()
    let folder = try place.existing()
    let programs = ProgramStatus.all(in: folder.statusFile)
    let masters = programs.filter {
      $0.pid != 0 && ($0.name == "worker" || $0.name.hasPrefix("worker-"))
    }
    guard SupervisorLock.holder(of: folder.pidFile) != nil, !masters.isEmpty else {
      throw Failure("the workers do not run: start them with `outcry up`")
    }
    // The master takes the number from the signal itself, so no file or socket can be stale.
    for master in masters {
      let code = outcry_signal_with_value(master.pid, SIGUSR1, count.packed)
      guard code == 0 else {
        throw Failure("cannot signal the worker master: \(String(cString: strerror(code)))")
      }
    }
    let what = masters.count > 1 ? "worker processes of each shard" : "worker processes"
    print("\(count) \(what) from now on; `outcry status` shows them.")
  }
}
