import SharedMemory

/// The worker pool as a whole, as php-fpm's status page shows one.
struct PoolStatus {
  private let pool: PoolFigures

  init(_ pool: PoolFigures) { self.pool = pool }

  var text: String {
    var rows: [(String, String)] = []
    let isFixed = pool[.least] == pool[.most]
    rows.append(
      (
        "workers",
        "\(pool[.serving]) serving of \(pool[.target]) wanted"
          + (isFixed ? "" : " (\(pool[.least]) to \(pool[.most]) allowed)")
          + "; \(pool[.starting]) starting, \(pool[.draining]) finishing, "
          + "\(pool[.outdated]) to be replaced"
      ))
    rows.append(
      (
        "load",
        "\(pool[.active]) active, \(pool[.idle]) idle, most active \(pool[.mostActive]); "
          + "busy \(pool[.busy] / 10) % of the time"
      ))
    if !isFixed { rows.append(("maximum reached", "\(pool[.limitReached]) times")) }
    let isQueueKnown = pool[.backlog] > 0
    rows.append(
      (
        "listen queue",
        isQueueKnown
          ? "\(pool[.listenQueue]) of \(pool[.backlog]), longest \(pool[.longestListenQueue])"
          : "unknown: this kernel does not tell"
      ))
    rows.append(
      ("connections", "\(pool[.accepted].grouped) accepted, \(pool[.connections]) open"))
    rows.append(
      (
        "requests",
        "\(pool[.requests].grouped), \(pool[.underWay]) under way, most \(pool[.mostUnderWay]); "
          + "\(pool[.slow].grouped) slow, \(pool[.limited].grouped) refused by a rate limit"
      ))
    rows.append(
      (
        "processes",
        "\(pool[.started]) started, \(pool[.died]) died, \(pool[.stuck]) stuck, "
          + "\(pool[.recycled]) recycled; \(pool[.reloads]) reloads, "
          + "\(pool[.reloadsRefused]) refused"
      ))
    let width = rows.map(\.0.count).max() ?? 0
    return "POOL\n"
      + rows.map { "\($0.0.padded(to: width))  \($0.1)" }.joined(separator: "\n")
  }
}
