import SharedMemory
import Testing

/// One exchange, one symbol, one worker, in this process.
struct Desk {
  let scratch = Scratch()
  let exchange: ExchangeSegment
  let symbol: SymbolSegment
  let slot: WorkerSlot

  init() throws {
    exchange = try ExchangeSegment.openOrCreate(scratch.instance)
    symbol = try SymbolSegment.openOrCreate(scratch.instance, symbolName: "S", id: 3)
    slot = try #require(try exchange.claimWorkerSlot())
  }

  func engine() throws -> EngineLock { try #require(try symbol.engineLock()) }

  func posted(_ account: UInt64 = 1) throws -> (Mailbox, MailboxReference) {
    let mailbox = try #require(slot.acquireSmall())
    mailbox.commands[0] = Command(.place, account: account)
    return (mailbox, mailbox.post(symbolID: 3, count: 1))
  }
}

func taken(_ outcome: TakeOutcome) -> TakenRequest? {
  if case .taken(let request) = outcome { return request }
  return nil
}

func isStale(_ outcome: TakeOutcome) -> Bool {
  if case .stale = outcome { return true }
  return false
}

@Suite("Mailboxes")
struct MailboxTests {
  @Test("Commands arrive, answers and fills come back, the bell is rung")
  func roundTrip() throws {
    let desk = try Desk()
    let lock = try desk.engine()
    let engine = lock.desk(in: desk.exchange)
    var bells = lock.bells(in: desk.exchange)
    let mailbox = try #require(desk.slot.acquireSmall())
    for index in 0..<16 { mailbox.commands[index] = Command(.place, account: UInt64(index)) }
    let reference = mailbox.post(symbolID: 3, count: 16)
    var accounts: [UInt64] = []
    let outcome = engine.take(reference) { accounts = $0.map(\.account) }
    let request = try #require(taken(outcome))
    #expect(accounts == Array(0..<16))
    let seen = desk.slot.bell.now
    var writer = try #require(engine.beginReply(to: request))
    for index in 0..<16 {
      var answer = Answer()
      answer.order_id = UInt64(100 + index)
      let fills = (0..<index).map {
        Fill(trade_id: UInt64(index * 100 + $0), price: 1, quantity: 1, counter_order_id: 1)
      }
      fills.withUnsafeBufferPointer { writer.append(answer, fills: $0) }
    }
    #expect(!mailbox.isAnswered)
    writer.finish(touching: &bells)
    #expect(mailbox.isAnswered)
    #expect(desk.slot.bell.now == seen)
    bells.ringAll()
    #expect(desk.slot.bell.now == seen + 1)
    #expect(mailbox.answers.map(\.order_id) == (0..<16).map { UInt64(100 + $0) })
    for (index, answer) in mailbox.answers.enumerated() {
      let trades = (0..<index).map { UInt64(index * 100 + $0) }
      #expect(mailbox.fills(of: answer).map(\.trade_id) == trades)
    }
    desk.slot.release(mailbox)
    #expect(mailbox.state.generation == 1)
  }

  @Test("Fills that do not fit are cut short and the answer says so")
  func cutShort() throws {
    let desk = try Desk()
    let lock = try desk.engine()
    let engine = lock.desk(in: desk.exchange)
    var bells = lock.bells(in: desk.exchange)
    let (mailbox, reference) = try desk.posted()
    let request = try #require(taken(engine.take(reference) { _ in }))
    var writer = try #require(engine.beginReply(to: request))
    let fills = [Fill](repeating: Fill(), count: 5000)
    fills.withUnsafeBufferPointer { writer.append(Answer(), fills: $0) }
    writer.finish(touching: &bells)
    let answer = mailbox.answers[0]
    #expect(AnswerFlags(rawValue: answer.flags).contains(.fillsCutShort))
    #expect(mailbox.fills(of: answer).count == (9216 - 208) / 32)
  }

  @Test("Who gives up learns what is known, and no reply reaches the next request")
  func givingUp() throws {
    let desk = try Desk()
    let lock = try desk.engine()
    let engine = lock.desk(in: desk.exchange)
    let (mailbox, reference) = try desk.posted()
    #expect(mailbox.giveUp() == .nothingDone)
    #expect(isStale(engine.take(reference) { _ in }))
    desk.slot.release(mailbox)

    let (again, second) = try desk.posted()
    #expect(again.index == mailbox.index)
    #expect(isStale(engine.take(reference) { _ in }), "an old reference to a new request")
    let request = try #require(
      taken(engine.take(second) { _ in #expect(again.giveUp() == .retry) }))
    #expect(again.giveUp() == .unknown)
    desk.slot.release(again)

    let (third, newest) = try desk.posted()
    #expect(third.index == mailbox.index)
    #expect(engine.beginReply(to: request) == nil, "a late answer")
    #expect(isStale(engine.take(second) { _ in }))
    #expect(taken(engine.take(newest) { _ in }) != nil)
    #expect(engine.beginReply(to: request) == nil, "a late answer to a taken mailbox")
  }

  @Test("Requests of other symbols and senseless references are left alone")
  func wrongSymbol() throws {
    let desk = try Desk()
    let engine = try desk.engine().desk(in: desk.exchange)
    let mailbox = try #require(desk.slot.acquireSmall())
    let reference = mailbox.post(symbolID: 4, count: 1)
    #expect(isStale(engine.take(reference) { _ in }))
    #expect(mailbox.state.phase == .posted)
    #expect(isStale(engine.take(MailboxReference(rawValue: 0xFFFF)) { _ in }))
    #expect(isStale(engine.take(MailboxReference(rawValue: 0)) { _ in }))
  }

  @Test("A successor takes what its dead predecessor had taken, once, and the dead answers nobody")
  func successor() throws {
    let desk = try Desk()
    let first = try desk.engine()
    let dead = first.desk(in: desk.exchange)
    let (mailbox, reference) = try desk.posted(77)
    let old = try #require(taken(dead.take(reference) { _ in }))
    #expect(isStale(dead.take(reference) { _ in }))
    first.release()
    let second = try desk.engine()
    let engine = second.desk(in: desk.exchange)
    var bells = second.bells(in: desk.exchange)
    var account: UInt64 = 0
    let request = try #require(taken(engine.take(reference) { account = $0[0].account }))
    #expect(account == 77)
    #expect(dead.beginReply(to: old) == nil)
    var writer = try #require(engine.beginReply(to: request))
    writer.append(Answer(), fills: UnsafeBufferPointer(start: nil, count: 0))
    writer.finish(touching: &bells)
    #expect(mailbox.isAnswered)
    guard case .answered = engine.take(reference, copy: { _ in }) else {
      Issue.record("an answered request is not known as such")
      return
    }
  }

  @Test("All mailboxes can be used at once and none is handed out twice")
  func exhaustion() throws {
    let desk = try Desk()
    let small = (0..<960).compactMap { _ in desk.slot.acquireSmall() }
    let large = (0..<32).compactMap { _ in desk.slot.acquireLarge() }
    #expect(Set((small + large).map(\.index)).count == 992)
    #expect(desk.slot.acquireSmall() == nil && desk.slot.acquireLarge() == nil)
    #expect(large[31].commands.count == 1000 && small[0].commands.count == 16)
    desk.slot.release(small[9])
    #expect(desk.slot.acquireSmall()?.index == small[9].index)
  }

  @Test("A mailbox left with an engine that died copying returns when a successor is through")
  func retired() throws {
    let desk = try Desk()
    let first = try desk.engine()
    let (mailbox, reference) = try desk.posted()
    _ = first.desk(in: desk.exchange).take(reference) { _ in
      #expect(mailbox.giveUp() == .retry)
      desk.slot.release(mailbox)
      #expect(desk.slot.retiredCount == 1)
      let others = (0..<959).compactMap { _ in desk.slot.acquireSmall() }
      #expect(others.count == 959 && desk.slot.acquireSmall() == nil)
    }
    #expect(desk.slot.acquireSmall()?.index == mailbox.index)
  }

  @Test("Slots go to one owner; a new one does not find the old one's requests executable")
  func slots() throws {
    let desk = try Desk()
    let other = try #require(try ExchangeSegment.open(desk.scratch.instance))
    let second = try #require(try other.claimWorkerSlot())
    #expect(desk.slot.index == 0 && second.index == 1)
    #expect(desk.exchange.liveWorkerSlots() == [0, 1])
    let (mailbox, reference) = try desk.posted()
    desk.slot.abandon()
    #expect(other.liveWorkerSlots() == [1])
    let heir = try #require(try other.claimWorkerSlot())
    #expect(heir.index == 0)
    #expect(mailbox.state.phase == .idle)
    let engine = try desk.engine().desk(in: desk.exchange)
    #expect(isStale(engine.take(reference) { _ in }))
  }
}
