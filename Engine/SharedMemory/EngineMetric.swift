/// Which of an engine's counters in the symbol's segment is which.
public enum EngineMetric {
  /// Requests answered, commands journalled, commits, and the time these took together.
  public static let requests = 0
  public static let commands = 1
  public static let commits = 2
  public static let commitNanos = 3
}
