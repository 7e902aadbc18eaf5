import SharedMemory

/// Everything about an instance, for Prometheus. It comes from shared memory alone, so it does not
/// matter which worker is asked, and it answers when the database does not.
public enum Exposition {
  public static let contentType: StaticString = "text/plain; version=0.0.4; charset=utf-8"

  public static func text(_ figures: ExchangeFigures) -> [UInt8] {
    var text = MetricText()
    text.begin(
      "outcry_start_time_seconds", .gauge,
      "When the instance's shared memory was made; counters began at zero then.")
    text.sample(Double(figures.createdAt) / 1e6)
    text.requests(figures)
    text.workerStages(figures)
    text.databasePool(figures)
    text.pool(figures)
    text.engines(figures)
    text.markets(figures)
    text.feeds(figures)
    text.processes(figures)
    text.begin("outcry_scrape_duration_seconds", .gauge, "What reading all of this took.")
    text.sample(Double(Clock.monotonicNanos() - figures.readAt) / 1e9)
    return text.bytes
  }
}
