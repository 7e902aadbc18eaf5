import API
import FastCGI
import Glibc
import Settings
import SharedMemory

/// A request as it is put to other shards.
struct ShardCalls: Sendable {
  static let mostRounds = 3
  static let pauseMicros: UInt32 = 50_000

  let core: Core
  let deadline: Int64
  let changesSomething: Bool
  private let parameters: [(name: String, value: [UInt8])]
  private let body: [UInt8]

  private static let passedOn: [StaticString] = [
    "REQUEST_METHOD", "REQUEST_URI", "REMOTE_ADDR", "REQUEST_ID", "EARLIER_STATUS",
    "HTTP_AUTHORIZATION", "HTTP_X_API_KEY", "HTTP_X_SIGNATURE", "HTTP_X_TIMESTAMP",
    "HTTP_IDEMPOTENCY_KEY", "HTTP_TRACEPARENT",
  ]

  /// The body is that of the inquiry, if that is still there.
  init(_ core: Core, _ inquiry: Inquiry, body: [UInt8] = []) {
    self.core = core
    self.body = body
    // Time for an answer of our own.
    deadline = inquiry.deadline - core.deadlineNanos / 20
    changesSomething = inquiry.request.changesSomething
    parameters = ShardCalls.passedOn.compactMap { name in
      inquiry.request.parameter(name).map { ("\(name)", Array($0)) }
    }
  }

  /// Every shard's answer for its symbols; this one's among them, which `own` writes.
  func everybody(
    _ first: Market?, _ worker: SlowWorker,
    _ own: (SlowWorker, Scope) throws(APIError) -> Void
  ) throws(APIError) -> [ShardAnswer] {
    var parts = core.partition
    var answers: [ShardAnswer] = []
    var place: Int64?
    if let first {
      let shard = first.place.shard
      let markets = parts.removeValue(forKey: shard) ?? [first]
      let answer =
        shard == core.shard
        ? try ownPart(markets, nil, worker, own) : try ShardCall(self, shard, markets).answer()
      place = answer.number("place")
      guard place != nil else { throw .unknownPlace }
      answers.append(answer)
    }
    let here = parts.removeValue(forKey: core.shard)
    let open = parts.map { ShardCall(self, $0.key, $0.value, place: place) }
    if let here { answers.append(try ownPart(here, place, worker, own)) }
    for call in open { answers.append(try call.answer()) }
    return answers
  }

  private func ownPart(
    _ markets: [Market], _ place: Int64?, _ worker: SlowWorker,
    _ own: (SlowWorker, Scope) throws(APIError) -> Void
  ) throws(APIError) -> ShardAnswer {
    worker.handler.output.clear()
    try own(worker, Scope(core, part: markets, place: place, by: deadline))
    guard let answer = ShardAnswer(Array(worker.handler.output.bytes)) else {
      throw .internalError
    }
    return answer
  }

  fileprivate func send(
    to address: Address, _ markets: [Market], place: Int64?, attempt: Int, wasTried: Bool
  ) throws(PeerCall.Failure) -> PeerCall {
    let symbols = markets.map { "\($0.entry.symbol.id)" }.joined(separator: ",")
    var parameters = parameters + [("OUTCRY_PART", Array(symbols.utf8))]
    if let place { parameters.append(("OUTCRY_PLACE", Array("\(place)".utf8))) }
    if wasTried {
      parameters.removeAll { $0.name == "EARLIER_STATUS" }
      parameters.append(("EARLIER_STATUS", Array("502".utf8)))
    }
    return try PeerCall(
      to: address, over: core.peers, isFresh: attempt > 0, parameters: parameters, body: body,
      deadline: deadline)
  }
}

/// One shard, asked for its part. It is asked again when a worker dies over it: a command is
/// executed once however often it comes.
final class ShardCall {
  let shard: UInt32
  private let calls: ShardCalls
  private let markets: [Market]
  private let place: Int64?
  private var isUnderWay: PeerCall?
  private var wasSent = false

  private static let mostTries = 3

  init(_ calls: ShardCalls, _ shard: UInt32, _ markets: [Market], place: Int64? = nil) {
    self.calls = calls
    self.shard = shard
    self.markets = markets
    self.place = place
    isUnderWay = send(0)
  }

  func answer() throws(APIError) -> ShardAnswer {
    for attempt in 1...ShardCall.mostTries {
      if let call = isUnderWay, let answer = try? call.answer(until: calls.deadline) {
        return try read(answer)
      }
      guard attempt < ShardCall.mostTries, Clock.monotonicNanos() < calls.deadline else { break }
      // A worker that is gone needs time to be replaced; a kept connection may just be an old one.
      if isUnderWay?.wasKept != true { usleep(ShardCalls.pauseMicros) }
      isUnderWay = send(attempt)
    }
    if wasSent, calls.changesSomething { throw .outcomeUnknown }
    throw .unavailable("shard_away", "shard \(shard) does not answer")
  }

  private func send(_ attempt: Int) -> PeerCall? {
    let pools = calls.core.settings.shards.pools
    guard pools.indices.contains(Int(shard)), !pools[Int(shard)].isEmpty else { return nil }
    let pool = pools[Int(shard)]
    do throws(PeerCall.Failure) {
      let call = try calls.send(
        to: pool[attempt % pool.count], markets, place: place, attempt: attempt,
        wasTried: wasSent)
      wasSent = true
      return call
    } catch {
      if error == .noAnswer { wasSent = true }
      return nil
    }
  }

  private func read(_ answer: PeerCall.Answer) throws(APIError) -> ShardAnswer {
    guard let found = ShardAnswer(answer.body) else {
      throw .unavailable("shard_away", "shard \(shard) does not answer")
    }
    if answer.status == 200 { return found }
    let error = found.object("error")
    throw APIError(
      answer.status, error?.text("code") ?? "shard_away",
      "shard \(shard): \(error?.text("message") ?? "refused")", field: error?.text("field"),
      retryAfter: answer.status == 503 || answer.status == 429 ? 1 : nil)
  }
}
