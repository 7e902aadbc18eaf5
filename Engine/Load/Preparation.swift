import Glibc

/// What is done before the clock starts: symbols are read, accounts registered, books filled.
struct Preparation {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  let plan: Plan
  let run: String
  private let caller: Caller
  private let isStopped: () -> Bool

  init(_ plan: Plan, target: Target, run: String, isStopped: @escaping () -> Bool) {
    self.plan = plan
    self.run = run
    self.isStopped = isStopped
    caller = Caller(target)
  }

  // MARK: - Symbols

  func markets() throws -> [Market] {
    if plan.isEcho {
      return [Market("BTC-USD", tick: "0.01", lot: "0.00001", plan: plan)].compactMap(\.self)
    }
    let reply = caller.call("GET", "/api/symbols")
    guard reply.status == 200, let entries = reply.json?["symbols"]?.array else {
      throw Failure(description: "GET /api/symbols: \(reply.errorCode)")
    }
    func find(_ name: String) throws -> JSON {
      guard let entry = entries.first(where: { $0["symbol"]?.text == name }) else {
        throw Failure(description: "the exchange does not trade \(name)")
      }
      return entry
    }
    let wanted =
      plan.takesAllSymbols
      ? entries : plan.symbols.isEmpty ? Array(entries.prefix(1)) : try plan.symbols.map(find)
    let markets = wanted.compactMap { Market($0, plan: plan) }
    guard !markets.isEmpty, markets.count == wanted.count else {
      throw Failure(description: "GET /api/symbols: symbols without tickSize and lotSize, or none")
    }
    return markets
  }

  // MARK: - Accounts

  /// How long all attempts of one account may take together: a rate limit asks for patience.
  private static let registerSeconds = 30.0

  /// Makes the accounts, one after the other: each costs the exchange an argon2id hash, and what
  /// is measured are orders.
  func traders() -> (traders: [Trader], report: Registrations) {
    var report = Registrations()
    if plan.isEcho {
      let token = String(repeating: "x", count: 43)
      return ([true, false].map { Trader(token: token, isBuyer: $0) }, report)
    }
    var traders: [Trader] = []
    for number in 0..<plan.accounts where !isStopped() {
      report.asked += 1
      let (token, seconds, trouble) = register(number)
      report.latency.record(Int64(seconds * 1e9))
      if let token {
        traders.append(Trader(token: token, isBuyer: number % 2 == 0))
      } else {
        report.failed.add(trouble)
        // An exchange that does not answer will not answer the next one either.
        if trouble == "no answer" { break }
      }
    }
    report.made = UInt64(traders.count)
    return (traders, report)
  }

  private func register(_ number: Int) -> (token: String?, seconds: Double, trouble: String) {
    let name = "load-\(run)-\(number)"
    let body = Array(#"{"name":"\#(name)","password":"load \#(run) \#(plan.seed)"}"#.utf8)
    let until = Clock.nanos() + Int64(Preparation.registerSeconds * 1e9)
    while true {
      let reply = caller.call("POST", "/api/register", body: body)
      if reply.status == 201, let token = reply.json?["token"]?.text {
        return (token, reply.seconds, "")
      }
      let pause = reply.retryAfter ?? 1
      let mayTryAgain = reply.status == 429 || reply.status == 503
      guard mayTryAgain, Clock.nanos() + Int64(pause) * 1_000_000_000 < until, !isStopped() else {
        return (nil, reply.seconds, reply.errorCode)
      }
      sleep(UInt32(pause))
    }
  }

  // MARK: - Books

  private static let ordersARequest = 500

  /// Rests orders on both sides of every book, beyond the prices that are traded, one level each
  /// while there are enough.
  func fill(_ markets: [Market], _ traders: [Trader]) throws {
    guard plan.depth > 0, !plan.isEcho else { return }
    for market in markets {
      for isBuyer in [true, false] {
        guard let trader = traders.first(where: { $0.isBuyer == isBuyer }) else {
          throw Failure(description: "filling a book takes an account on each side")
        }
        var placed = 0
        while placed < plan.depth, !isStopped() {
          let count = min(Preparation.ordersARequest, plan.depth - placed)
          try place(placed..<(placed + count), market, trader)
          placed += count
        }
      }
    }
  }

  private func place(_ numbers: Range<Int>, _ market: Market, _ trader: Trader) throws {
    var body = ByteBuffer(capacity: 65_536)
    body.append("{\"orders\":[")
    for number in numbers {
      if number > numbers.lowerBound { body.append(",") }
      body.append("{\"symbol\":\"")
      body.append(market.name)
      body.append(trader.isBuyer ? "\",\"side\":\"buy\"" : "\",\"side\":\"sell\"")
      body.append(",\"type\":\"limit\",\"price\":\"")
      let room = market.prices.lowerBound - 1
      let step = 1 + number % max(1, min(room, plan.depth))
      body.append(
        trader.isBuyer ? market.prices.lowerBound - step : market.prices.upperBound + step,
        market.tick)
      body.append("\",\"quantity\":\"")
      body.append(market.quantities.upperBound, market.lot)
      body.append("\"}")
    }
    body.append("]}")
    let reply = caller.call(
      "POST", "/api/orders/batch", token: trader.token, body: Array(body.bytes))
    guard reply.status == 200 else {
      throw Failure(description: "filling the book: \(reply.errorCode)")
    }
    let refused = reply.json?["results"]?.array?.lazy.compactMap { $0["error"]?["code"]?.text }
    if let code = refused?.first { throw Failure(description: "filling the book: \(code)") }
  }
}

/// How the accounts of a run came to be.
public struct Registrations: Equatable, Sendable {
  public var asked: UInt64 = 0
  public var made: UInt64 = 0
  public var failed = Counts()
  public var latency = LatencyHistogram()

  public init() {}

  static func += (left: inout Registrations, right: Registrations) {
    left.asked += right.asked
    left.made += right.made
    left.failed += right.failed
    left.latency += right.latency
  }

  var json: JSON {
    ["asked": .int(asked), "made": .int(made), "failed": failed.json, "latency": latency.json]
  }

  init?(_ json: JSON?) {
    guard let json, let asked = json["asked"]?.int, let made = json["made"]?.int,
      let failed = Counts(json["failed"]),
      let latency = json["latency"].flatMap(LatencyHistogram.init)
    else { return nil }
    (self.asked, self.made) = (UInt64(asked), UInt64(made))
    (self.failed, self.latency) = (failed, latency)
  }
}
