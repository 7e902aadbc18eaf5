import SharedMemory

extension MetricText {
  /// The processes between Redis and nginx; what engines publish is among the engines' figures.
  mutating func feeds(_ figures: ExchangeFigures) {
    let counters: [(FeedCounter, String, String)] = [
      (.messages, "messages_total", "Messages that nginx took for its subscribers."),
      (.refused, "refused_total", "Messages that nginx refused."),
      (.gaps, "gaps_total", "How often subscribers were told that something may be missing."),
    ]
    for (counter, name, help) in counters {
      begin("outcry_feed_\(name)", .counter, help)
      sample(figures.feed[counter] ?? 0)
    }
    let alive = figures.scores.filter { $0.isAlive && $0.role == .feed }
    let gauges: [(Int, String, String)] = [
      (FeedGauge.redisIsUp, "redis_up", "Feeds that hear Redis."),
      (FeedGauge.nginxIsUp, "nginx_up", "Feeds that reach their nginx."),
      (FeedGauge.subscriptions, "subscriptions", "Streams that are listened to, by listener."),
    ]
    for (gauge, name, help) in gauges {
      begin("outcry_feed_\(name)", .gauge, help)
      sample(alive.reduce(0) { $0 + $1.counters[gauge] })
    }
  }
}
