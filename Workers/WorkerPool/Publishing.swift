import CShared
import SharedMemory

/// What the pool tells everybody else, in the exchange's shared memory.
extension Master {
  /// Connections that wait to be accepted, and how many may; zeros when the kernel does not tell.
  var listenQueue: (waiting: Int, most: Int) {
    var waiting: UInt32 = 0
    var most: UInt32 = 0
    guard outcry_listen_queue(listener, &waiting, &most) == 0 else { return (0, 0) }
    return (Int(waiting), Int(most))
  }

  /// Adds what is new in a report.
  func count(_ news: Report) {
    guard let figures else { return }
    figures.count(.requests, news.requests)
    figures.count(.accepted, news.accepted)
    figures.count(.slow, news.slow)
    figures.count(.limited, news.limited)
  }

  func publish() {
    guard let figures else { return }
    let serving = members.filter { $0.stage == .serving }
    let active = UInt64(serving.count { $0.isActive })
    let busy = serving.reduce(0) { $0 + $1.busy } / Double(max(1, serving.count))
    let underWay = members.reduce(0) { $0 + $1.report.underWay }
    let queue = listenQueue
    figures[.updatedAt] = UInt64(Clock.wallMicros())
    figures[.least] = UInt64(allowed.least)
    figures[.most] = UInt64(allowed.most)
    figures[.target] = UInt64(target)
    figures[.starting] = UInt64(members.count { $0.stage == .starting })
    figures[.serving] = UInt64(serving.count)
    figures[.draining] = UInt64(members.count { $0.isDraining })
    figures[.outdated] = UInt64(members.count { !$0.isDraining && $0.wave < wave })
    figures[.active] = active
    figures[.idle] = UInt64(serving.count) - active
    figures.raise(.mostActive, to: active)
    figures[.busy] = UInt64(busy * 1000)
    figures[.listenQueue] = UInt64(queue.waiting)
    figures.raise(.longestListenQueue, to: UInt64(queue.waiting))
    figures[.backlog] = UInt64(queue.most)
    figures[.connections] = members.reduce(0) { $0 + $1.report.connections }
    figures[.underWay] = underWay
    let most = members.map(\.report.mostUnderWay).max() ?? 0
    figures.raise(.mostUnderWay, to: max(underWay, most))
  }
}

extension PoolRecord {
  /// The master is the only writer.
  func count(_ figure: PoolFigure, _ amount: UInt64 = 1) { self[figure] &+= amount }

  func raise(_ figure: PoolFigure, to value: UInt64) { self[figure] = max(self[figure], value) }

  /// For the first master of a pool: what counts goes on, what was the most begins again.
  func startAgain() {
    for figure in PoolFigure.allCases where !figure.isCounter { self[figure] = 0 }
    self[.startedAt] = UInt64(Clock.wallMicros())
  }
}
