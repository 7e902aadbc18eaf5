import Glibc
import Settings
import Store
import Supervision

/// More or fewer shards of an exchange on this machine, while it trades. Everybody knows the
/// addresses of shards that may come, so nobody is started again; nginx reads its configuration
/// again, as it shares requests out among those that are there. Interrupted, it is run again.
struct ScaleShards {
  private static let patienceSeconds = 60

  let place: Place
  let folder: StateFolder

  func run(to wanted: Int) throws {
    let known = folder.shardCount
    guard known > 1 else {
      throw Failure(
        "the programs of a shard that is alone are told of no other: "
          + "`outcry down`, then `outcry up --shards \(wanted)`")
    }
    guard let supervisor = SupervisorLock.holder(of: folder.pidFile) else {
      throw Failure("the exchange is down: `outcry up` starts it")
    }
    let most = try place.settings(in: folder).shardCount
    guard (2...most).contains(wanted) else {
      throw Failure("there can be 2 to \(most) shards while they run")
    }
    if wanted < known {
      try rebalance(to: wanted)
      try folder.rememberShards(wanted)
    } else {
      try folder.rememberShards(wanted)
      try Preparation(of: place.stack(in: folder)).makeDatabases()
    }
    let stack = try place.stack(in: folder)
    try SavedEnvironment.write(stack, to: folder)
    if wanted < known { try renewNginx(stack) }
    kill(supervisor, SIGHUP)
    try wait(for: stack)
    guard wanted < known else {
      try renewNginx(stack)
      return try rebalance(to: wanted)
    }
    let gone = (wanted..<known).map { Stack.instance(stack.settings.instance, ofShard: $0) }
    try Leftovers(of: folder).removeSegments(of: gone)
  }

  private func wait(for stack: Stack) throws {
    let names = Set(stack.programs.map(\.name))
    let readiness = Readiness(stack: stack)
    let isDone = waitUntil(seconds: ScaleShards.patienceSeconds) {
      Set(ProgramStatus.all(in: folder.statusFile).map(\.name)) == names && readiness.isReady
    }
    guard isDone else { throw Failure(readiness.complaint(after: ScaleShards.patienceSeconds)) }
  }

  private func renewNginx(_ stack: Stack) throws {
    _ = try Reload(stack: stack, nginxFolder: try place.nginxFolder()).nginx()
  }

  private func rebalance(to count: Int) throws {
    let rebalance = Rebalance(
      settings: try place.settings(in: folder), connection: try Commands.connection(place))
    try rebalance.use(count, waiting: ScaleShards.patienceSeconds)
    let failures = try rebalance.run(Commands.say).failures
    guard failures.isEmpty else {
      throw Failure(
        "not where they belong; run this again:\n" + failures.joined(separator: "\n"))
    }
  }
}
