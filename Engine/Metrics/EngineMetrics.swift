import SharedMemory

extension MetricText {
  mutating func engines(_ figures: ExchangeFigures) {
    each("outcry_engine_up", .gauge, "Whether an engine lives that owns the symbol.", figures) {
      $0.isEngineAlive ? 1 : 0
    }
    each("outcry_engine_epoch", .gauge, "Raised by every engine that takes over.", figures) {
      Double($0.epoch)
    }
    each(
      "outcry_engine_sequence", .gauge, "The last command that is durable and told.", figures
    ) { Double($0.committed) }
    each("outcry_engine_ring_depth", .gauge, "Requests in the symbol's ring.", figures) {
      Double($0.ringDepth)
    }
    begin("outcry_engine_ring_capacity", .gauge, "Requests that a ring holds at most.")
    sample(Int(OUTCRY_RING_CAPACITY))
    let counters: [(Int, String, String)] = [
      (EngineMetric.requests, "requests_total", "Requests answered by engines."),
      (EngineMetric.commands, "commands_total", "Commands accepted and journalled."),
      (EngineMetric.refusals, "refusals_total", "Commands refused."),
      (EngineMetric.duplicates, "duplicates_total", "Commands known already by their key."),
      (EngineMetric.commits, "journal_batches_total", "Transactions of the journal."),
      (EngineMetric.journalBytes, "journal_bytes_total", "Bytes of records journalled."),
      (
        EngineMetric.journalRetries, "journal_retries_total",
        "Batches that PostgreSQL did not take at the first attempt."
      ),
      (EngineMetric.tableWrites, "projection_writes_total", "Transactions of the tables."),
      (EngineMetric.tableRetries, "projection_retries_total", "Those that failed."),
      (
        EngineMetric.published, "feed_published_commands_total",
        "Commands that were published in Redis."
      ),
      (
        EngineMetric.missed, "feed_dropped_commands_total",
        "Commands that subscribers were told they missed."
      ),
      (EngineMetric.redisLosses, "feed_redis_losses_total", "How often Redis went away."),
      (EngineMetric.snapshots, "snapshots_total", "Snapshots stored."),
      (EngineMetric.snapshotFailures, "snapshot_failures_total", "Snapshots not stored."),
      (EngineMetric.recoveries, "recoveries_total", "How often an engine took over."),
    ]
    for (metric, name, help) in counters {
      each("outcry_engine_\(name)", .counter, help, figures) { Double($0[metric]) }
    }
    engineStates(figures)
    stages(figures)
  }

  private mutating func engineStates(_ figures: ExchangeFigures) {
    each(
      "outcry_engine_journal_up", .gauge,
      "0 while a batch cannot be made durable or no engine lives.", figures
    ) { $0.isEngineAlive && $0[EngineMetric.journalIsAway] == 0 ? 1 : 0 }
    each(
      "outcry_engine_feed_redis_up", .gauge, "Whether the engine's publisher reaches Redis.",
      figures
    ) { $0.isEngineAlive ? Double($0[EngineMetric.redisIsUp]) : 0 }
    each(
      "outcry_engine_projection_lag_commands", .gauge,
      "Durable commands that the tables do not hold yet.", figures
    ) { Double($0.behind) }
    each(
      "outcry_engine_projection_lag_seconds", .gauge,
      "For how long the oldest of them has been waiting.", figures
    ) { $0.behindSeconds }
    each(
      "outcry_engine_recovery_duration_seconds", .gauge, "The newest engine's start.", figures
    ) { Double($0[EngineMetric.recoveryNanos]) / 1e9 }
    each(
      "outcry_engine_snapshot_age_seconds", .gauge, "Time since the newest snapshot.", figures
    ) { $0.snapshotAgeSeconds }
    each("outcry_engine_snapshot_bytes", .gauge, "Length of the newest snapshot.", figures) {
      $0.snapshotAgeSeconds == nil ? nil : Double($0[EngineMetric.snapshotBytes])
    }
    each(
      "outcry_engine_snapshot_sequence", .gauge, "The command the newest snapshot stands at.",
      figures
    ) { $0.snapshotAgeSeconds == nil ? nil : Double($0[EngineMetric.snapshotSequence]) }
  }

  private mutating func stages(_ figures: ExchangeFigures) {
    let (micro, milli, second) = (Int64(1000), Int64(1_000_000), Int64(1_000_000_000))
    let stages: [(EngineHistogram, String, Int64, Int64, String)] = [
      (
        .ringWait, "ring_wait", 5 * micro, 10 * second,
        "Stage 2: from a request's place in the ring until the engine takes it."
      ),
      (.match, "match", micro, 50 * milli, "Stage 3: running a request's commands."),
      (
        .commit, "commit", 100 * micro, 10 * second,
        "Stage 4: a batch at PostgreSQL, until it is durable."
      ),
      (
        .reply, "reply", micro, 50 * milli,
        "Stage 5, engine: from a batch's commit until its last answer is written."
      ),
      (
        .request, "request", 100 * micro, 10 * second,
        "Stages 2 to 5 together: from a request's place in the ring to its answer."
      ),
    ]
    for (histogram, name, least, most, help) in stages {
      begin("outcry_engine_\(name)_duration_seconds", .histogram, help)
      for symbol in figures.symbols {
        sample(symbol[histogram], from: least, to: most, ("symbol", symbol.symbol.name))
      }
    }
  }

  mutating func markets(_ figures: ExchangeFigures) {
    each("outcry_symbol_trades_total", .counter, "Trades.", figures) {
      Double($0.board?.last_trade_id ?? 0)
    }
    each("outcry_symbol_open_orders", .gauge, "Orders that rest in the book.", figures) {
      Double($0.board?.open_orders ?? 0)
    }
    let prices: [(String, String, KeyPath<BoardSummary, Int64>)] = [
      ("last_price", "Price of the last trade, in the quote currency.", \.last_price),
      ("best_bid_price", "The best bid.", \.best_bid_price),
      ("best_ask_price", "The best ask.", \.best_ask_price),
    ]
    for (name, help, price) in prices {
      begin("outcry_symbol_\(name)", .gauge, help)
      for figure in figures.symbols {
        guard let ticks = figure.board?[keyPath: price], ticks != 0 else { continue }
        sample(text: figure.symbol.tick.text(ticks), ("symbol", figure.symbol.name))
      }
    }
  }

  /// One metric of every symbol; those without a value are left out.
  private mutating func each(
    _ name: String, _ kind: Kind, _ help: String, _ figures: ExchangeFigures,
    _ value: (SymbolFigures) -> Double?
  ) {
    begin(name, kind, help)
    for symbol in figures.symbols {
      guard let value = value(symbol) else { continue }
      let label: Label = ("symbol", symbol.symbol.name)
      // Whole numbers below 2^53 as such: they are easier to read.
      if value == value.rounded(), value < 9e15 {
        sample(UInt64(value), label)
      } else {
        sample(value, label)
      }
    }
  }
}
