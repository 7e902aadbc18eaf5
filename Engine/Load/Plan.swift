/// What may be asked of the exchange.
public enum Operation: Int, CaseIterable, Sendable {
  case order, batch, cancel, amend, lookup, book, trades

  public var name: String { "\(self)" }
  /// What it needs is an order that rests in the book.
  var needsOwnOrder: Bool { self == .cancel || self == .amend || self == .lookup }
}

/// When requests are sent.
public enum Pace: Equatable, Sendable {
  /// Each client sends its next request when it has its answer.
  case closed
  /// So many requests a second, whatever becomes of them; `spike` times as many for `length`
  /// seconds at the end of every `period` seconds.
  case open(rate: Double, spike: Spike?)

  public struct Spike: Equatable, Sendable {
    public var factor: Double
    public var length: Double
    public var period: Double

    public init(factor: Double, length: Double, period: Double) {
      self.factor = factor
      self.length = length
      self.period = period
    }
  }
}

/// Everything that is decided before a run.
public struct Plan: Sendable {
  public var profile: String
  public var summary: String
  public var pace: Pace
  /// Connections; for an open pace as many as may be waiting for answers at once.
  public var clients = 40
  public var accounts = 2
  public var threads = 1
  public var seconds = 30.0
  /// Sent before, and not measured.
  public var warmUp = 0.0
  /// Weights.
  public var mix: [(operation: Operation, weight: Double)] = [(.order, 1)]
  /// The part of all orders that are market orders.
  public var marketPart = 0.0
  public var quantity = 0.01...0.09
  public var price = 70_000.0
  /// Limit prices are chosen evenly from `price` - `spread` to `price` + `spread`.
  public var spread = 1.0
  /// Orders in a request of the operation `batch`.
  public var batch = 500
  public var bookDepth = 50
  /// Orders placed on each side of each book beforehand, beyond the spread.
  public var depth = 0
  /// Empty: the first symbol of the exchange.
  public var symbols: [String] = []
  public var takesAllSymbols = false
  /// Exponent of the Zipf law by which symbols are chosen; 0: evenly.
  public var zipf = 1.0
  /// A request that takes longer is given up, and counted as an error.
  public var timeout = 10.0
  public var seed: UInt64 = 1
  /// Keeps what was acknowledged, with client order ids, so that it can be looked for.
  public var keepsRecord = false
  /// The server answers a constant: there are no accounts and no symbols to ask for.
  public var isEcho = false
  public var ramp: Ramp?

  /// A search for the rate at which latency breaks.
  public struct Ramp: Equatable, Sendable {
    public var start = 1000.0
    /// Each step's rate is the one before it times this.
    public var factor = 1.25
    public var stepSeconds = 5.0
    public var mostSteps = 40
    /// A step holds while the percentile stays below the limit and the rate is reached.
    public var quantile = 0.99
    public var limitNanos = 50_000_000.0

    public init() {}
  }

  public init(profile: String, summary: String, pace: Pace) {
    self.profile = profile
    self.summary = summary
    self.pace = pace
  }

  public var needsOwnOrders: Bool { mix.contains { $0.operation.needsOwnOrder } }
}

extension Plan {
  public static let profiles = [
    exchange, clients, orders, batch, burst, mixed, book, ramp,
  ]

  public static func named(_ name: String) -> Plan? { profiles.first { $0.profile == name } }

  /// The orders of a busy market: both sides, most of them limits far apart.
  private func market() -> Plan {
    var plan = self
    plan.marketPart = 0.3
    plan.quantity = 0.01...0.5
    plan.spread = 2000
    plan.depth = 100
    plan.accounts = 10
    return plan
  }

  static let exchange: Plan = {
    var plan = Plan(
      profile: "exchange", summary: "2,000 orders/s for a minute, 70 % limit and 30 % market",
      pace: .open(rate: 2000, spike: nil)
    ).market()
    plan.clients = 256
    plan.seconds = 60
    return plan
  }()

  static let clients: Plan = {
    var plan = Plan(
      profile: "clients", summary: "40 clients with an account each, as fast as answers come",
      pace: .closed
    ).market()
    plan.accounts = 40
    return plan
  }()

  static let orders: Plan = Plan(
    profile: "orders", summary: "limit orders around one price, as fast as answers come",
    pace: .closed)

  static let batch: Plan = {
    var plan = Plan(
      profile: "batch", summary: "500 orders a request, as fast as answers come", pace: .closed)
    plan.mix = [(.batch, 1)]
    plan.clients = 8
    return plan
  }()

  static let burst: Plan = {
    let spike = Pace.Spike(factor: 10, length: 1, period: 10)
    var plan = Plan(
      profile: "burst", summary: "1,000 orders/s, ten times as many for a second in every ten",
      pace: .open(rate: 1000, spike: spike)
    ).market()
    plan.clients = 512
    plan.seconds = 60
    return plan
  }()

  static let mixed: Plan = {
    var plan = Plan(
      profile: "mixed", summary: "orders, cancels, amends and reads, 2,000/s",
      pace: .open(rate: 2000, spike: nil)
    ).market()
    plan.mix = [
      (.order, 0.45), (.cancel, 0.15), (.amend, 0.1), (.book, 0.15), (.lookup, 0.1),
      (.trades, 0.05),
    ]
    plan.clients = 256
    plan.seconds = 60
    return plan
  }()

  static let book: Plan = {
    var plan = Plan(
      profile: "book", summary: "reads of the book, as fast as answers come", pace: .closed)
    plan.mix = [(.book, 1)]
    return plan
  }()

  static let ramp: Plan = {
    var plan = Plan(
      profile: "ramp", summary: "more and more orders a second, until latency breaks",
      pace: .open(rate: 1000, spike: nil)
    ).market()
    plan.clients = 512
    plan.ramp = Ramp()
    return plan
  }()
}
