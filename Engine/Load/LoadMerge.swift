/// Results of several machines as one.
extension LoadResult {
  public struct MergeFailure: Error, CustomStringConvertible {
    public let description: String
  }

  /// Of runs that went on at the same time: counts and cells add up, so percentiles are those of
  /// all requests together; rates add up, and the time is the longest one's.
  public static func merged(_ results: [LoadResult]) throws(MergeFailure) -> LoadResult {
    guard var all = results.first else { throw MergeFailure(description: "nothing to merge") }
    for other in results.dropFirst() {
      guard other.profile == all.profile else {
        throw MergeFailure(description: "\(all.profile) and \(other.profile) are not the same load")
      }
      guard Set(all.runs).isDisjoint(with: other.runs) else {
        throw MergeFailure(description: "run \(other.runs[0]) is among the results twice")
      }
      all.runs += other.runs
      all.machines += other.machines
      all.offered = all.offered.flatMap { mine in other.offered.map { mine + $0 } }
      all.clients += other.clients
      all.threads += other.threads
      all.seconds = max(all.seconds, other.seconds)
      all.startedAt = min(all.startedAt, other.startedAt)
      all.addCounts(of: other)
      all.verification = all.verification.flatMap { mine in
        other.verification.map { mine + $0 }
      }
    }
    if results.count > 1 {
      // Percentiles of single seconds do not add up, nor do steps that broke at different rates.
      all.timeline = []
      all.steps = []
    }
    return all
  }
}

extension LoadResult {
  public var json: JSON {
    var members: [JSON.Member] = [
      .init("format", .text(LoadResult.format)), .init("profile", .text(profile)),
      .init("runs", .array(runs.map { .text($0) })), .init("startedAt", .real(startedAt)),
      .init("offered", offered.map { .real($0) } ?? .null), .init("clients", .int(clients)),
      .init("seconds", .real(seconds, digits: 6)), .init("requests", .int(requests)),
      .init("answered", .int(answered)), .init("orders", .int(orders)),
      .init("rate", .real(rate)), .init("orderRate", .real(orderRate)),
      .init("knee", knee.map { .real($0) } ?? .null),
      .init("errorCount", .int(errorCount)), .init("errors", errors.json),
      .init("unsent", .int(unsent)), .init("refused", refused.json),
      .init("registrations", registrations.json),
      .init("generator", generatorJSON), .init("latency", latency.json),
      .init("service", service.json),
    ]
    let names = operations.keys.sorted()
    members.append(
      .init("operations", .object(names.map { .init($0, operations[$0]!.json) })))
    members.append(.init("timeline", .array(timeline.map(\.json))))
    members.append(.init("steps", .array(steps.map(\.json))))
    members.append(.init("verification", verification?.json ?? .null))
    members.append(.init("machines", .array(machines.map(\.json))))
    return .object(members)
  }

  private var generatorJSON: JSON {
    let perRequest = answered > 0 ? generatorSeconds / Double(answered) * 1e6 : 0
    return [
      "threads": .int(threads), "processorSeconds": .real(generatorSeconds),
      "microsecondsARequest": .real(perRequest), "wasBusy": .bool(generatorWasBusy),
    ]
  }

  /// Nil when the document is not a result of this version.
  public init?(_ json: JSON) {
    guard json["format"]?.text == LoadResult.format, let profile = json["profile"]?.text,
      let runs = json["runs"]?.array?.compactMap(\.text), !runs.isEmpty,
      let clients = json["clients"]?.int, let seconds = json["seconds"]?.double,
      let startedAt = json["startedAt"]?.double, let answered = json["answered"]?.int,
      let orders = json["orders"]?.int, let unsent = json["unsent"]?.int,
      let errors = Counts(json["errors"]), let refused = Counts(json["refused"]),
      let registrations = Registrations(json["registrations"]),
      let service = json["service"].flatMap(LatencyHistogram.init),
      let operations = json["operations"]?.members, let steps = json["steps"]?.array,
      let timeline = json["timeline"]?.array, let machines = json["machines"]?.array,
      let generator = json["generator"], let threads = generator["threads"]?.int
    else { return nil }
    (self.profile, self.runs, self.clients, self.seconds) = (profile, runs, clients, seconds)
    (self.startedAt, offered) = (startedAt, json["offered"]?.double)
    (self.answered, self.orders, self.unsent) = (UInt64(answered), UInt64(orders), UInt64(unsent))
    (self.errors, self.refused, self.registrations) = (errors, refused, registrations)
    (self.service, self.threads) = (service, threads)
    generatorSeconds = generator["processorSeconds"]?.double ?? 0
    for member in operations {
      guard let histogram = LatencyHistogram(member.value) else { return nil }
      self.operations[member.name] = histogram
    }
    self.steps = steps.compactMap(Step.init)
    self.timeline = timeline.compactMap(Moment.init)
    self.machines = machines.compactMap(Machine.init)
    verification = json["verification"].flatMap(OrderVerification.init)
  }
}

extension LoadResult.Moment {
  var json: JSON {
    [
      "second": .real(second), "answered": .int(answered), "errors": .int(errors),
      "p50": .int(p50), "p99": .int(p99), "max": .int(max),
    ]
  }

  init?(_ json: JSON) {
    guard let second = json["second"]?.double, let answered = json["answered"]?.int,
      let errors = json["errors"]?.int, let p50 = json["p50"]?.int, let p99 = json["p99"]?.int,
      let max = json["max"]?.int
    else { return nil }
    self.init(
      second: second, answered: UInt64(answered), errors: UInt64(errors), p50: Int64(p50),
      p99: Int64(p99), max: Int64(max))
  }
}

extension LoadResult.Step {
  var json: JSON {
    [
      "offered": .real(offered), "achieved": .real(achieved), "errors": .int(errors),
      "holds": .bool(holds), "latency": latency.json,
    ]
  }

  init?(_ json: JSON) {
    guard let offered = json["offered"]?.double, let achieved = json["achieved"]?.double,
      let errors = json["errors"]?.int, let holds = json["holds"]?.bool,
      let latency = json["latency"].flatMap(LatencyHistogram.init)
    else { return nil }
    self.init(
      offered: offered, achieved: achieved, errors: UInt64(errors), holds: holds, latency: latency)
  }
}
