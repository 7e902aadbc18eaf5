/// What one thread writes down: durations, what went wrong, and what became of every order.
struct Ledger {
  private(set) var tally = Tally()
  var interval = Interval()
  private(set) var record: [OrderRecord.Entry] = []
  private let thread: UInt32
  private let keepsRecord: Bool
  private let followsOwnOrders: Bool
  private let isOpen: Bool
  private let mainOperation: Operation

  /// What an order by itself is told with 429 or 5xx. In a batch nothing but the code says that no
  /// rule of the market is the reason.
  private static let troubles: Set<String> = [
    "busy", "capacity", "database_away", "deadline_passed", "elsewhere", "engine_away",
    "engine_busy", "internal", "outcome_unknown", "rate_limit", "ring_full", "shard_away",
  ]

  init(_ plan: Plan, thread: Int) {
    self.thread = UInt32(thread)
    keepsRecord = plan.keepsRecord
    followsOwnOrders = plan.needsOwnOrders
    isOpen = plan.pace != .closed
    mainOperation = plan.mix[0].operation
  }

  mutating func note(error: String) {
    tally.errors.add(error)
    interval.errors += 1
  }

  /// The answer to the request under way will never come.
  mutating func noteLost(_ link: Link, _ why: String, _ now: Int64) {
    if link.isMeasured {
      note(error: why)
      recordTime(link, now)
    }
    keep(link, .unknown)
  }

  mutating func noteUnsent(since due: Int64, _ now: Int64) {
    tally.unsent += 1
    tally.latency[mainOperation.rawValue].record(now - due)
  }

  mutating func take(
    _ status: Int, _ body: UnsafeRawBufferPointer, _ link: Link, _ now: Int64
  ) {
    if link.isMeasured {
      recordTime(link, now)
      tally.answered += 1
      tally.lastAnswer = now
      interval.answered += 1
    }
    switch status {
    case 200..<300:
      switch link.written.operation {
      case .order: placed(body, link)
      case .batch: placedAll(body, link)
      default: break
      }
    case 404, 409, 422:
      refuse(BodyScan.errorCode(in: body), link)
      keep(link, .refused)
    default:
      if link.isMeasured {
        let code = String(decoding: BodyScan.errorCode(in: body), as: UTF8.self)
        note(error: code.isEmpty ? "\(status)" : "\(status) \(code)")
      }
      // Who says 5xx may have been cut off from somebody who took the order.
      keep(link, status < 500 ? .refused : .unknown)
    }
  }

  private mutating func recordTime(_ link: Link, _ now: Int64) {
    tally.latency[link.written.operation.rawValue].record(now - link.due)
    interval.latency.record(now - link.due)
    // For a closed pace it is the same.
    if isOpen { tally.service.record(now - link.sentAt) }
  }

  private mutating func refuse(_ code: UnsafeRawBufferPointer, _ link: Link) {
    guard link.isMeasured else { return }
    tally.refused.add(code)
    interval.refused += 1
  }

  private mutating func placed(_ body: UnsafeRawBufferPointer, _ link: Link) {
    guard let place = BodyScan.find("{\"orderId\":", in: body),
      let id = BodyScan.integer(in: body, at: place)
    else { return noteNoOrder(link, from: 0) }
    acknowledge(id, link, 0)
    if followsOwnOrders, BodyScan.find("\"status\":\"open\"", in: body) != nil {
      link.noteOpen(id)
    }
  }

  /// The results of a batch: orders and errors, in the order given.
  private mutating func placedAll(_ body: UnsafeRawBufferPointer, _ link: Link) {
    var found = 0
    var position = 0
    while found < link.written.orders {
      let order = BodyScan.find("{\"orderId\":", in: body, from: position)
      // An error is looked for only as far as the next order.
      let before = UnsafeRawBufferPointer(rebasing: body[..<(order ?? body.count)])
      if let error = BodyScan.find("{\"error\":", in: before, from: position) {
        let code = BodyScan.errorCode(in: body, from: error)
        if Ledger.troubles.contains(String(decoding: code, as: UTF8.self)) {
          if link.isMeasured { note(error: "batch \(String(decoding: code, as: UTF8.self))") }
          keep(link, .unknown, found)
        } else {
          refuse(code, link)
          keep(link, .refused, found)
        }
        position = error
      } else if let order, let id = BodyScan.integer(in: body, at: order) {
        acknowledge(id, link, found)
        position = order
      } else {
        break
      }
      found += 1
    }
    if found < link.written.orders { noteNoOrder(link, from: found) }
  }

  private mutating func noteNoOrder(_ link: Link, from index: Int) {
    if link.isMeasured { note(error: "an answer without an order") }
    for missing in index..<link.written.orders { keep(link, .unknown, missing) }
  }

  private mutating func acknowledge(_ id: UInt64, _ link: Link, _ index: Int) {
    if link.isMeasured {
      tally.orders += 1
      interval.orders += 1
    }
    keep(link, .acknowledged(id: id), index)
  }

  /// Notes what became of one order of the request under way.
  private mutating func keep(_ link: Link, _ fate: OrderRecord.Fate, _ index: Int) {
    guard keepsRecord else { return }
    let number = link.written.firstKey + UInt64(index)
    record.append(OrderRecord.Entry(thread: thread, number: number, fate: fate))
  }

  private mutating func keep(_ link: Link, _ fate: OrderRecord.Fate) {
    for index in 0..<link.written.orders { keep(link, fate, index) }
  }
}
