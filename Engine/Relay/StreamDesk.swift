import Feed

/// The public streams: a lane for each, made when the first message for it comes.
struct StreamDesk {
  static let patterns = ["{*}:trades", "{*}:book", "{*}:ticker", "{*}:candles.*"]

  /// Subscribers may have missed something that no lane can tell them.
  var hasGap = true
  private(set) var gapsTold: UInt64 = 0

  private var lanes: [Lane] = []
  private var indices: [String: Int] = [:]
  /// Those with something to say.
  private var listed: [Int] = []
  private var nextRepeat: Int64 = 0
  private var body: [UInt8] = []

  private static let second: Int64 = 1_000_000_000

  /// False when the message is not what it should be.
  mutating func receive(_ message: PushedMessage) -> Bool {
    let name = String(decoding: message.channel, as: UTF8.self)
    guard let index = indices[name] ?? addLane(name) else { return true }
    let lane = lanes[index]
    let bytes = Array(message.payload)
    let payload =
      switch lane.kind {
      case .trades, .book: Payload(sequenced: bytes)
      case .ticker, .candles: Payload(state: bytes, isCandle: lane.kind == .candles)
      }
    guard let payload else {
      hasGap = true
      return false
    }
    switch lane.place(payload) {
    case .next: break
    case .afterHole: if lane.kind == .trades { tellCandles(of: lane.symbol) }
    case .late: return true
    }
    add(payload, to: index)
    return true
  }

  private mutating func add(_ payload: Payload, to index: Int) {
    let lane = lanes[index]
    if !lane.add(payload) { hasGap = true }
    if !lane.isListed, !lane.isEmpty {
      lane.isListed = true
      listed.append(index)
    }
  }

  /// Candles have no sequence that would show a hole; what they missed, trades missed too.
  private mutating func tellCandles(of symbol: String) {
    for (index, lane) in lanes.enumerated() where lane.kind == .candles && lane.symbol == symbol {
      let gap = Array("{\"symbol\":\"\(symbol)\",\"gap\":true}".utf8)
      add(Payload(state: gap, isCandle: true), to: index)
    }
  }

  var knowsSome: Bool { !lanes.isEmpty }

  /// What comes then need not follow on.
  mutating func redisLost() {
    for lane in lanes { lane.forgetPlace() }
  }

  /// `{BTC-USD}:candles.1m` becomes `candles.1m.BTC-USD`.
  private mutating func addLane(_ name: String) -> Int? {
    guard let (symbol, what) = Names.parts(of: name) else { return nil }
    let kind: Lane.Kind
    switch what {
    case "trades": kind = .trades
    case "book": kind = .book
    case "ticker": kind = .ticker
    case let other where other.hasPrefix("candles."): kind = .candles
    default: return nil
    }
    let channel = Array("\(what).\(symbol)".utf8)
    lanes.append(Lane(channel: channel, kind: kind, symbol: String(symbol)))
    indices[name] = lanes.count - 1
    return lanes.count - 1
  }

  mutating func tellGap(_ nginx: NginxConnection) {
    hasGap = false
    gapsTold += 1
    body = Array("{\"stream\":\"all\",\"data\":{\"gap\":true}}".utf8)
    nginx.post(body, to: Array("all".utf8), ticket: .everybody)
  }

  mutating func sendWhatIsDue(_ nginx: NginxConnection, _ now: Int64) {
    var kept = 0
    for index in listed {
      let lane = lanes[index]
      if !lane.isUnderWay, lane.restsUntil <= now, !lane.isEmpty {
        lane.take(into: &body)
        lane.isUnderWay = true
        nginx.post(body, to: lane.channel, ticket: .lane(index))
      }
      if lane.isEmpty {
        lane.isListed = false
      } else {
        listed[kept] = index
        kept += 1
      }
    }
    listed.removeLast(listed.count - kept)
  }

  mutating func repeatPositions(_ nginx: NginxConnection, _ now: Int64) {
    guard now >= nextRepeat else { return }
    nextRepeat = now + Self.second
    for (index, lane) in lanes.enumerated()
    where !lane.isUnderWay && lane.isEmpty && now >= lane.repeatsAt {
      guard lane.takePosition(into: &body) else { continue }
      lane.isUnderWay = true
      nginx.post(body, to: lane.channel, ticket: .lane(index))
    }
  }

  /// Of all lanes together, by the answers to their last messages.
  var subscriptions: Int { lanes.reduce(0) { $0 + $1.subscribers } }

  mutating func finished(_ lane: Int, _ answer: NginxConnection.Answer, _ now: Int64) {
    lanes[lane].finished(subscribers: answer.subscribers, at: now)
  }

  /// What was under way may or may not have been heard.
  mutating func nginxLost() {
    hasGap = true
    for lane in lanes { lane.isUnderWay = false }
  }

  /// When there is something to send, if nothing else happens.
  func nextStep(before limit: Int64) -> Int64 {
    var next = limit
    for index in listed where !lanes[index].isUnderWay {
      next = min(next, lanes[index].restsUntil)
    }
    return next
  }
}

enum Names {
  /// `{BTC-USD}:trades` in two.
  static func parts(of name: String) -> (symbol: Substring, what: Substring)? {
    guard name.hasPrefix("{"), let brace = name.firstRange(of: "}:") else { return nil }
    return (name[name.index(after: name.startIndex)..<brace.lowerBound], name[brace.upperBound...])
  }
}
