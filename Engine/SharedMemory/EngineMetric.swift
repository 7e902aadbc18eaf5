/// Which of an engine's counters in the symbol's segment is which. A cache line, eight numbers,
/// belongs to one thread. They go on counting when the next engine takes over.
public enum EngineMetric {
  // The engine thread: requests answered, commands journalled, commits, records written.
  public static let requests = 0
  public static let commands = 1
  public static let commits = 2
  public static let journalBytes = 3
  public static let refusals = 4
  public static let duplicates = 5
  public static let trades = 6
  /// Batches that PostgreSQL did not take at the first attempt.
  public static let journalRetries = 7
  /// Now: 1 while a batch cannot be made durable.
  public static let journalIsAway = 8
  /// When the oldest command that the tables do not hold was given to them, microseconds since
  /// 1970; 0: none waits. Of what waits in the inbox, and of what is being written; set by
  /// whoever holds the inbox's lock.
  public static let tablesWaitSince = 16
  public static let tablesWriteSince = 17
  public static let tableWrites = 18
  public static let tableRetries = 19

  /// The publisher: commands of which subscribers were told, and were told that they missed them.
  public static let published = 24
  public static let missed = 25
  /// Now: 1 while Redis answers.
  public static let redisIsUp = 26
  public static let redisLosses = 27

  /// The snapshot thread; the last three describe the newest one that is stored.
  public static let snapshots = 32
  public static let snapshotFailures = 33
  public static let snapshotSequence = 34
  public static let snapshotTime = 35
  public static let snapshotBytes = 36

  /// The newest engine's start.
  public static let recoveryNanos = 40
  public static let recoveries = 41
}

/// Which of an engine's histograms is which.
public enum EngineHistogram: Int, CaseIterable, Sendable {
  /// From a request's place in the ring until the engine takes it.
  case ringWait = 0
  /// Copying a request's commands and running them.
  case match
  /// A batch at PostgreSQL.
  case commit
  /// From a batch's commit until its last answer is written.
  case reply
  /// From a request's place in the ring to its answer.
  case request
}
