import Glibc
import Postgres
import Settings
import Store
import Supervision

extension Commands {
  static let drain = Command(
    name: "drain", summary: "wait until a shard that is given up has no symbol any more",
    help: """
      usage: outcry drain [--shard N] [--wait SECONDS] [--state FOLDER]

      To be run before a shard's programs are stopped, as Kubernetes does with a pod's pre-stop
      hook. Returns at once when the shard is to stay, because its programs are only started again.
      When `outcry symbols follow` finds that there are to be fewer shards, it returns when the
      shard's last symbol has been moved to another one; requests are answered meanwhile.

        --shard N       which one (OUTCRY_SHARD)
        --wait SECONDS  at most (3500); the exit status is 1 when there are symbols still
      """
  ) { arguments in
    let place = try Place(&arguments)
    let given = try arguments.number("--shard", 0...UInt64(ShardAddresses.most - 1))
    let seconds = try arguments.number("--wait", 1...86_400) ?? 3500
    try arguments.end()
    let settings = try place.settings(in: try place.existing())
    guard settings.isSharded else { return }
    let connection = try Connection(settings.accounts, name: "outcry-drain")
    let shard = given.map { Int($0) } ?? settings.shard
    try drain(shard, Int(seconds), settings, connection)
  }

  /// Whoever follows the number of shards that are wanted looks every second.
  private static let secondsToLook = 15
  private static let pauseMicros: UInt32 = 200_000

  private static func drain(
    _ shard: Int, _ seconds: Int, _ settings: Settings, _ connection: Connection
  ) throws {
    let now = try ShardCount.now(connection)
    let isFollowed = try waitUntil(seconds: secondsToLook, lookingEvery: pauseMicros) {
      try ShardCount.confirmedAt(connection) > now
    }
    guard isFollowed else { return print("nobody follows how many shards there are to be") }
    let rebalance = Rebalance(settings: settings, connection: connection)
    // Somebody may change his mind: it is to be started again then.
    var stays = false
    let isDone = try waitUntil(seconds: seconds, lookingEvery: pauseMicros) {
      stays = try shard < rebalance.used()
      return try stays || ShardCount.isEmpty(shard, connection)
    }
    guard isDone else { throw Failure("shard \(shard) still has symbols") }
    print("shard \(shard) \(stays ? "stays" : "has no symbols")")
  }
}
