import API
import Accounts
import FastCGI
import Glibc
import SharedMemory

/// What no single shard can answer: each one is asked for its part, and the parts are put together.
///
/// The part is asked for with the client's own request, credentials and body included, so whoever
/// answers finds out by itself whose it is; it is marked by a parameter that nginx sets for nobody.
/// Who puts together waits on threads that answer no parts: shards cannot wait for each other.
extension Handler {
  /// `own` writes what another shard would answer, for the scope given and beginning at the time
  /// that is known already. `first` has the row that a page begins behind, and tells its time.
  func gather(
    _ inquiry: Inquiry, first: Market? = nil,
    own: @escaping @Sendable (SlowWorker, Scope) throws(APIError) -> Void,
    merge: @escaping @Sendable (SlowWorker, [ShardAnswer]) throws(APIError) -> Void
  ) throws(APIError) {
    let calls = ShardCalls(core, inquiry)
    let request = inquiry.request
    try slowly(.gathering, request) { worker throws(APIError) in
      var round = 1
      while true {
        do throws(APIError) {
          let answers = try calls.everybody(first, worker, own)
          worker.handler.output.clear()
          try merge(worker, answers)
          return worker.handler.succeed(200, request)
        } catch {
          // A symbol has just moved, and not everybody knows.
          guard error.code == APIError.elsewhereCode, round < ShardCalls.mostRounds else {
            throw error
          }
          round += 1
          usleep(ShardCalls.pauseMicros)
        }
      }
    }
  }
}

/// Of which symbols a request is answered.
struct Scope: Sendable {
  /// For another shard, or as if.
  let isPart: Bool
  /// The only one, which the client named.
  let market: Market?
  let markets: [Market]
  /// The time of what a page begins behind, as far as it is known.
  let place: Int64?
  private let mark: ReadMark
  private let shard: UInt32?
  private let deadline: Int64

  /// What a request is about that was not taken apart, or is itself a part.
  init(_ core: Core, _ request: Request, market: Market? = nil) {
    self.market = market
    let part = market == nil ? request.part(core) : nil
    isPart = part != nil
    place = isPart ? request.place : nil
    markets = market.map { [$0] } ?? part ?? core.ownMarkets
    let awaitsArrival = core.isSharded && (isPart || market != nil)
    mark = ReadMark(markets, awaitsArrival: awaitsArrival)
    shard = isPart ? core.shard : nil
    deadline = .max
  }

  /// This shard's part of what it puts together itself, which has to be there by the deadline.
  init(_ core: Core, part markets: [Market], place: Int64?, by deadline: Int64) {
    self.deadline = deadline
    market = nil
    isPart = true
    self.markets = markets
    self.place = place
    mark = ReadMark(markets, awaitsArrival: true)
    shard = core.shard
  }

  /// Nil: all rows are this shard's.
  func symbols(_ core: Core) -> [Int64]? {
    core.isSharded && market == nil ? markets.map { Int64($0.entry.symbol.id) } : nil
  }

  /// Until the symbols are here and the tables hold what was told.
  func wait() throws(APIError) {
    let end = end
    try arrive(by: end)
    try mark.wait(until: end)
  }

  func arrive() throws(APIError) { try arrive(by: end) }

  private var end: Int64 { min(Clock.monotonicNanos() + ReadMark.longestWait, deadline) }

  private func arrive(by end: Int64) throws(APIError) {
    guard let shard else { return }
    for market in markets {
      while market.place.shard != shard {
        guard Clock.monotonicNanos() < end else {
          throw .unavailable(APIError.elsewhereCode, "\(market.entry.symbol.name) is moving")
        }
        usleep(5000)
      }
    }
  }
}

extension Request {
  /// Whether another shard asks, for a part of what it puts together. Headers of a client come
  /// with a prefix, so none of them can say this.
  var isPart: Bool { parameter("OUTCRY_PART") != nil }

  /// The symbols that are asked for.
  func part(_ core: Core) -> [Market]? {
    guard let text = parameter("OUTCRY_PART") else { return nil }
    let table = core.markets.current
    return String(decoding: text, as: UTF8.self).split(separator: ",").compactMap {
      UInt32($0).flatMap { table[$0] }
    }
  }

  var place: Int64? {
    parameter("OUTCRY_PLACE").flatMap { Int64(String(decoding: $0, as: UTF8.self)) }
  }
}

extension Core {
  /// The symbols of each shard that has some.
  var partition: [UInt32: [Market]] {
    Dictionary(grouping: markets.current.markets, by: \.place.shard)
  }
}
