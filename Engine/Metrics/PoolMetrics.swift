import SharedMemory

extension PoolFigure {
  /// How a figure of the pool leaves the exchange: its name behind `outcry_pool_` and what it is.
  var metric: (name: String, help: String) {
    switch self {
    case .updatedAt: ("updated_timestamp_seconds", "When the master last wrote these figures.")
    case .startedAt: ("start_timestamp_seconds", "When the pool's master was started.")
    case .least: ("processes_min", "Worker processes that are kept at least.")
    case .most: ("processes_max", "Worker processes that are allowed at most.")
    case .target: ("processes_wanted", "Worker processes that are wanted now.")
    case .starting: ("processes_starting", "Worker processes that are not ready yet.")
    case .serving: ("processes_serving", "Worker processes that serve.")
    case .draining: ("processes_draining", "Worker processes that finish what they have.")
    case .outdated: ("processes_outdated", "Worker processes that will be replaced.")
    case .active: ("processes_active", "Serving processes that answered something lately.")
    case .idle: ("processes_idle", "Serving processes that answered nothing lately.")
    case .mostActive: ("processes_active_max", "The most processes active at once.")
    case .busy: ("busy_ratio", "Share of its time in which a serving process had work.")
    case .limitReached:
      ("limit_reached_total", "How often more processes were wanted than are allowed.")
    case .listenQueue: ("listen_queue", "Connections that wait to be accepted.")
    case .longestListenQueue: ("listen_queue_max", "The most connections that ever waited.")
    case .backlog: ("listen_queue_limit", "Connections that may wait; 0 when unknown.")
    case .accepted: ("connections_accepted_total", "Connections accepted from nginx.")
    case .connections: ("connections", "Connections from nginx that are open.")
    case .requests: ("requests_total", "Requests begun, as the processes reported them.")
    case .underWay: ("requests_in_flight", "Requests that are being answered.")
    case .mostUnderWay: ("requests_in_flight_max", "The most requests under way at once.")
    case .slow: ("slow_requests_total", "Requests slower than OUTCRY_SLOW_REQUEST_MS.")
    case .limited: ("rate_limited_total", "Requests refused because of a rate limit.")
    case .started: ("processes_started_total", "Worker processes started.")
    case .died: ("processes_died_total", "Worker processes that ended without being asked.")
    case .stuck: ("processes_stuck_total", "Worker processes replaced because they hung.")
    case .recycled: ("processes_recycled_total", "Worker processes replaced after their share.")
    case .reloads: ("reloads_total", "Rolling restarts begun.")
    case .reloadsRefused:
      ("reloads_refused_total", "Rolling restarts refused: the new program did not start.")
    }
  }

  /// As Prometheus wants it, in base units.
  func value(_ raw: UInt64) -> Double {
    switch self {
    case .updatedAt, .startedAt: Double(raw) / 1e6
    case .busy: Double(raw) / 1e3
    default: Double(raw)
    }
  }
}

extension MetricText {
  mutating func pool(_ figures: ExchangeFigures) {
    for figure in PoolFigure.allCases {
      let metric = figure.metric
      begin("outcry_pool_\(metric.name)", figure.isCounter ? .counter : .gauge, metric.help)
      let value = figure.value(figures.pool[figure] ?? 0)
      if value == value.rounded() { sample(UInt64(value)) } else { sample(value) }
    }
  }
}
