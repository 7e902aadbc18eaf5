import SharedMemory

extension MetricText {
  mutating func requests(_ figures: ExchangeFigures) {
    begin(
      "outcry_http_requests_total", .counter,
      "Requests answered by workers, by what was asked and the status of the answer.")
    for (parts, count) in figures.series("http") where parts.count == 2 {
      sample(count, ("route", parts[0]), ("status", parts[1]))
    }
    begin("outcry_rejects_total", .counter, "Requests refused, by the code of the error.")
    sample(figures.workers.series[ExchangeSegment.otherSeries], ("code", "other"))
    for (parts, count) in figures.series("code") { sample(count, ("code", parts[0])) }
    begin(
      "outcry_http_request_duration_seconds", .histogram,
      "From a request's arrival at a worker to the end of its answer, by kind and status.")
    for kind in RequestClass.allCases {
      for status in [200, 300, 400, 500] {
        let reading = figures.workers.histograms[WorkerHistogram.request(kind, status: status)]
        if status == 300 && reading.count == 0 { continue }
        sample(
          reading, from: 10_000, ("class", "\(kind)"), ("status", "\(status / 100)xx"))
      }
    }
  }

  mutating func workerStages(_ figures: ExchangeFigures) {
    let stages: [(Int, String, String)] = [
      (
        WorkerHistogram.intake, "worker_intake",
        "Stage 1, worker: from a request's arrival to its command's place in the ring."
      ),
      (
        WorkerHistogram.reply, "worker_reply",
        "Stage 5, worker: from the engine's answer to the answer on its way to nginx."
      ),
      (
        WorkerHistogram.databaseWait, "database_pool_wait",
        "How long work waited for one of the workers' threads with a database connection."
      ),
      (
        WorkerHistogram.databaseWork, "database_pool_work",
        "How long a piece of work kept such a thread."
      ),
    ]
    for (index, name, help) in stages {
      begin("outcry_\(name)_duration_seconds", .histogram, help)
      sample(figures.workers.histograms[index])
    }
  }

  mutating func databasePool(_ figures: ExchangeFigures) {
    let gauges: [(WorkerGauge, String, String)] = [
      (.databaseThreads, "database_pool_size", "Threads of the workers for the database."),
      (.databaseBusy, "database_pool_busy", "Those that have work."),
      (.databaseWaiting, "database_pool_waiting", "Pieces of work that wait for one of them."),
      (.databaseConnections, "database_connections", "Connections the workers hold open."),
      (.hashingThreads, "hashing_pool_size", "Threads of the workers for password hashes."),
      (.hashingBusy, "hashing_pool_busy", "Those that have work."),
      (.hashingWaiting, "hashing_pool_waiting", "Pieces of work that wait for one of them."),
    ]
    for (gauge, name, help) in gauges {
      begin("outcry_\(name)", .gauge, help)
      sample(figures.gauges[gauge] ?? 0)
    }
  }

  mutating func processes(_ figures: ExchangeFigures) {
    // A process shows what it costs on one line; lines of its other threads say 0.
    let alive = figures.scores.filter { $0.isAlive && $0.residentBytes > 0 }
    let roles = Role.allCases.filter { role in
      figures.cpu[role] ?? 0 > 0 || alive.contains { $0.role == role }
    }
    begin("outcry_processes", .gauge, "Processes that live, by role.")
    for role in roles { sample(alive.count { $0.role == role }, ("role", role.label)) }
    begin("outcry_process_resident_memory_bytes", .gauge, "Resident memory, by role.")
    for role in roles {
      let bytes = alive.filter { $0.role == role }.reduce(0) { $0 + $1.residentBytes }
      sample(bytes, ("role", role.label))
    }
    begin("outcry_process_cpu_seconds_total", .counter, "Processor time used, by role.")
    for role in roles { sample(Double(figures.cpu[role] ?? 0) / 1e6, ("role", role.label)) }
  }
}

extension Role {
  /// In the words of metrics: small letters and underscores.
  public var label: String {
    "\(self)".reduce(into: "") { text, letter in
      if letter.isUppercase { text += "_" }
      text += letter.lowercased()
    }
  }
}
