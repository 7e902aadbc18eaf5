import Glibc
import Wire

/// Journalled commands for people to read: one line each, in the symbol's decimals. Also what no
/// engine would have written is shown as it is.
public struct CommandText {
  private let symbol: Symbol

  public init(_ symbol: Symbol) { self.symbol = symbol }

  public func line(_ command: Command) -> String {
    var words = [isoTime(micros: command.time)]
    switch CommandKind(rawValue: command.kind) {
    case .place: words += ["place"] + subject(command) + place(command)
    case .cancel: words += ["cancel"] + subject(command)
    case .amend: words += ["amend"] + subject(command) + amend(command.terms)
    case .cancelAccount: words += ["cancel-all", "account", "\(command.account)"]
    case .cancelSymbol: words.append("cancel-all")
    case .halt: words.append("halt")
    case .resume: words.append("resume")
    case .cancelOnly: words.append("cancel-only")
    case .configure: words += ["configure"] + limits(command.rules)
    case .setReference: words += ["reference", price(command.terms.price)]
    case .expire: words.append("expire")
    case .epoch: words += ["epoch", "\(command.origin)"]
    case nil: words.append("kind-\(command.kind)")
    }
    return (words + key(command) + trace(command)).joined(separator: " ")
  }

  private func price(_ ticks: Int64) -> String { symbol.tick.text(ticks) }
  private func quantity(_ lots: Int64) -> String { symbol.lot.text(lots) }

  /// An amount in the quote currency; bare units when no scale has the digits for it.
  private func amount(_ units: Int64) -> String {
    symbol.tick.times(symbol.lot)?.text(units) ?? "\(units)"
  }

  private func subject(_ command: Command) -> [String] {
    ["account", "\(command.account)", "order", "\(command.order_id)"]
  }

  private func place(_ command: Command) -> [String] {
    let terms = command.terms
    var words = [
      Side(rawValue: command.side).map { "\($0)" } ?? "side-\(command.side)", type(command.type),
    ]
    if terms.quote_quantity != 0 { words += ["for", amount(terms.quote_quantity)] }
    if terms.quantity != 0 { words.append(quantity(terms.quantity)) }
    if terms.price != 0 { words += ["@", price(terms.price)] }
    if terms.stop_price != 0 { words += ["stop", price(terms.stop_price)] }
    if terms.display_quantity != 0 { words += ["show", quantity(terms.display_quantity)] }
    switch TimeInForce(rawValue: command.time_in_force) {
    case .goodTillCancelled: break
    case .immediateOrCancel: words.append("IOC")
    case .fillOrKill: words.append("FOK")
    case .goodTillDate: words += ["until", isoTime(micros: terms.expires_at)]
    case nil: words.append("time-in-force-\(command.time_in_force)")
    }
    if OrderFlags(rawValue: command.flags).contains(.postOnly) { words.append("post-only") }
    return words + prevention(command.self_trade_prevention)
  }

  private func type(_ type: UInt8) -> String {
    switch OrderType(rawValue: type) {
    case .stopLimit: "stop-limit"
    case .some(let type): "\(type)"
    case nil: "type-\(type)"
    }
  }

  private func prevention(_ prevention: UInt8) -> [String] {
    switch SelfTradePrevention(rawValue: prevention) {
    case .cancelTaker: []
    case .cancelMaker: ["self-trade", "cancel-maker"]
    case .cancelBoth: ["self-trade", "cancel-both"]
    case .some(.none): ["self-trade", "allowed"]
    case nil: ["self-trade-\(prevention)"]
    }
  }

  private func amend(_ terms: Terms) -> [String] {
    var words: [String] = []
    if terms.quantity != 0 { words += ["to", quantity(terms.quantity)] }
    if terms.price != 0 { words += ["@", price(terms.price)] }
    if terms.stop_price != 0 { words += ["stop", price(terms.stop_price)] }
    return words
  }

  private func limits(_ rules: Rules) -> [String] {
    let all: [(String, Int64, (Int64) -> String)] = [
      ("min-quantity", rules.min_quantity, quantity),
      ("max-quantity", rules.max_quantity, quantity),
      ("min-notional", rules.min_notional, amount),
      ("max-notional", rules.max_notional, amount),
      ("max-price", rules.max_price, price),
      ("price-band-bps", Int64(rules.price_band_bps), { "\($0)" }),
      ("slippage-bps", Int64(rules.slippage_bps), { "\($0)" }),
      ("max-open-orders", Int64(rules.max_open_orders), { "\($0)" }),
    ]
    return all.filter { $0.1 != 0 }.map { "\($0.0)=\($0.2($0.1))" }
  }

  /// A client's own key for the order or for the call, or the name of the request it came with.
  private func key(_ command: Command) -> [String] {
    guard command.key_length > 0 else { return [] }
    let isClients = OrderFlags(rawValue: command.flags).contains(.clientKey)
    let text = command.withKey { bytes in
      bytes.reduce(into: "") { text, byte in
        if (0x21...0x7E).contains(byte) {
          text.unicodeScalars.append(Unicode.Scalar(byte))
        } else {
          text += "\\x" + String(byte, radix: 16)
        }
      }
    }
    let isRequest = text.hasPrefix("~")
    return [(isClients ? "key=" : isRequest ? "request=" : "idempotency-key=") + text]
  }
}

extension CommandText {
  /// The trace that the command's request was part of, and the step that brought it. An engine
  /// keeps something else there in its own first command.
  private func trace(_ command: Command) -> [String] {
    func hex(_ bytes: UnsafeRawBufferPointer) -> String {
      bytes.reduce(into: "") { text, byte in
        text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
      }
    }
    let isOwn = command.kind == CommandKind.epoch.rawValue
    let trace = withUnsafeBytes(of: command.trace_id) { bytes in
      isOwn || bytes.allSatisfy { $0 == 0 } ? nil : hex(bytes)
    }
    guard let trace else { return [] }
    return ["trace=\(trace)", "span=" + withUnsafeBytes(of: command.span_id, hex)]
  }
}

/// ISO 8601 in UTC with microseconds.
public func isoTime(micros: Int64) -> String {
  var (seconds, fraction) = micros.quotientAndRemainder(dividingBy: 1_000_000)
  if fraction < 0 { (seconds, fraction) = (seconds - 1, fraction + 1_000_000) }
  var time = time_t(seconds)
  var parts = tm()
  // A year beyond what `tm` holds can only come from a damaged record.
  guard gmtime_r(&time, &parts) != nil else { return "\(micros)us" }
  func padded(_ number: some BinaryInteger, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
  let date =
    "\(padded(parts.tm_year + 1900, 4))-\(padded(parts.tm_mon + 1, 2))-\(padded(parts.tm_mday, 2))"
  let clock =
    "\(padded(parts.tm_hour, 2)):\(padded(parts.tm_min, 2)):\(padded(parts.tm_sec, 2))"
  return "\(date)T\(clock).\(padded(fraction, 6))Z"
}
