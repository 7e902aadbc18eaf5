import API
import Accounts
import FastCGI
import Postgres
import SharedMemory
import Synchronization

/// A request whose commands went to several engines, or many to one. It crosses each symbol's
/// ring once and waits once.
final class Batch: @unchecked Sendable {
  enum Item {
    case failure(APIError)
    case command(BatchPart, index: Int)
    /// For whoever asked for a part.
    case anotherPart
  }

  let request: Request
  let account: UInt64
  /// In the order in which the client gave them; empty for a cancel of everything.
  var items: [Item] = []
  var parts: [BatchPart] = []
  /// A cancel of everything that was planned before, by the same call.
  var isRepeated = false
  /// What other shards answered to a cancel of everything.
  var cancelled: [Result<ShardAnswer, APIError>] = []
  /// How to ask other shards; nil when there are none, or one asks here.
  var calls: ShardCalls?
  /// How often they were asked.
  var rounds = 0
  var deadline: Int64 = 0
  /// The parts without an answer, and one for whoever is still sending them.
  private let remaining = Atomic(1)

  init(_ request: Request, account: UInt64) {
    self.request = request
    self.account = account
  }

  /// It is sent once more, after everything was answered.
  func renew() { remaining.store(1, ordering: .relaxed) }

  func expectParts(_ count: Int) { remaining.add(count, ordering: .relaxed) }

  /// True for the last one, who has to answer.
  func finishPart() -> Bool {
    remaining.subtract(1, ordering: .acquiringAndReleasing).newValue == 0
  }

  func answer(with handler: Handler) {
    if sendAfterMoved(handler) { return }
    guard parts.contains(where: \.needsTables) else { return write(with: handler) }
    do throws(APIError) {
      try handler.slowly(.database, request) { [self] worker throws(APIError) in
        for part in parts { part.complete(with: worker) }
        write(with: worker.handler)
      }
    } catch {
      // No room to ask the tables; what was accepted must be told all the same.
      for part in parts { part.completeWithoutTables() }
      write(with: handler)
    }
  }

  private func write(with handler: Handler) {
    // The parts hold the batch too: whoever answers parts them.
    defer {
      items = []
      parts = []
    }
    if items.isEmpty { return answerCancelled(handler) }
    handler.output.clear()
    handler.output.beginBatch()
    for item in items {
      switch item {
      case .failure(let error): handler.output.error(error)
      case .command(let part, let index): part.write(index, to: &handler.output)
      case .anotherPart: handler.output.null()
      }
    }
    handler.output.endBatch()
    handler.succeed(200, request)
  }

  private func answerCancelled(_ handler: Handler) {
    var error = parts.lazy.compactMap(\.failure).first
    var count = parts.reduce(0) { $0 + Int($1.answers.first?.affected ?? 0) }
    var isDuplicate = parts.isEmpty ? isRepeated : parts.contains(where: \.isDuplicate)
    for result in cancelled {
      switch result {
      case .failure(let other): error = error ?? other
      case .success(let answer):
        count += Int(answer.number("cancelled") ?? 0)
        isDuplicate = isDuplicate || answer.isTrue("duplicate")
      }
    }
    if let error {
      if !request.isPart, error.code == APIError.elsewhereCode, handler.core.isSharded {
        // It moved meanwhile. The whole call is made again, with the plans that there are.
        return handler.sendOn(to: error.shard ?? handler.core.shard, error, request)
      }
      // What other engines were asked they did.
      let isPartial = error.status == 503 && (isRepeated || parts.count + cancelled.count > 1)
      return handler.fail(isPartial ? .outcomeUnknown : error, request)
    }
    handler.output.clear()
    handler.output.cancelled(count, isDuplicate: isDuplicate)
    handler.succeed(200, request)
  }
}

/// The commands of a batch for one symbol. Filled by the thread that sends it, then only touched
/// by the completion thread, and after the last part by whoever answers.
final class BatchPart: @unchecked Sendable {
  let batch: Batch
  let market: Market
  var commands: [Command] = []
  /// The places of the commands in the client's batch.
  var numbers: [Int] = []
  var error: APIError?
  /// What another shard answered to the batch.
  var results: [ShardAnswer.Text]?
  private(set) var answers: [Answer] = []
  private var fills: [[Fill]] = []
  /// Of single commands whose answer cannot be put together.
  private var failures: [Int: APIError] = [:]

  init(_ batch: Batch, _ market: Market) {
    self.batch = batch
    self.market = market
  }

  func takeAnswers(from mailbox: Mailbox) {
    answers = Array(mailbox.answers)
    fills = answers.map { Array(mailbox.fills(of: $0)) }
  }

  /// What went wrong with the part, or with its only command.
  var failure: APIError? {
    error ?? failures[0]
      ?? answers.first.flatMap { Refusal(rawValue: $0.refusal) }
      .map { APIError($0, of: commands[0]) }
  }

  var isDuplicate: Bool { answers.contains(where: \.isDuplicate) }

  var needsTables: Bool { answers.contains(where: BatchPart.needsTables) }

  private static func needsTables(_ answer: Answer) -> Bool {
    let flags = AnswerFlags(rawValue: answer.flags)
    return answer.refusal == 0 && !flags.isDisjoint(with: [.duplicate, .fillsCutShort])
  }

  func complete(with worker: SlowWorker) {
    for index in answers.indices where BatchPart.needsTables(answers[index]) {
      do throws(APIError) {
        if commands[index].kind == CommandKind.cancelAccount.rawValue {
          let count = try worker.countCancelled(answers[index], market, batch.account)
          answers[index].affected = UInt32(clamping: count)
        } else {
          (answers[index], fills[index]) = try worker.completeOrKeep(
            answers[index], fills[index], market, batch.account)
        }
      } catch {
        failures[index] = error
      }
    }
  }

  func completeWithoutTables() {
    for index in answers.indices where answers[index].isDuplicate {
      failures[index] = .outcomeUnknown
    }
  }

  func write(_ index: Int, to output: inout JSONOutput) {
    if let results {
      return results[numbers[index]].withUnsafeBytes { output.raw($0) }
    }
    if let error { return output.error(error) }
    guard index < answers.count else { return output.error(.internalError) }
    if let failure = failures[index] { return output.error(failure) }
    if let refusal = Refusal(rawValue: answers[index].refusal) {
      return output.error(APIError(refusal, of: commands[index]))
    }
    fills[index].withUnsafeBufferPointer {
      output.order(answers[index], fills: $0, entry: market.entry)
    }
  }
}

extension Handler {
  func placeBatch(_ inquiry: Inquiry, _ identity: Identity) throws(APIError) {
    try checkTrading(inquiry, identity)
    let table = core.markets.current
    let parsed = try OrderRequest.parseBatch(inquiry.body) { table.names.entry(named: $0) }
    if !inquiry.request.isPart {
      try core.limits.admitOrders(parsed.count, of: identity.account)
    }
    let batch = Batch(inquiry.request, account: identity.account)
    let asked = inquiry.request.part(core).map { Set($0.map(\.entry.symbol.id)) }
    if core.isSharded, asked == nil {
      batch.calls = ShardCalls(core, inquiry, body: Array(inquiry.body))
      batch.deadline = inquiry.deadline
    }
    var parts: [UInt32: BatchPart] = [:]
    for (number, item) in parsed.enumerated() {
      switch item {
      case .failure(let error): batch.items.append(.failure(error))
      case .order(let order):
        let symbol = order.entry.symbol.id
        if let asked, !asked.contains(symbol) {
          batch.items.append(.anotherPart)
          continue
        }
        guard let market = parts[symbol]?.market ?? table[symbol] else {
          batch.items.append(.failure(.unknownSymbol(order.entry.symbol.name)))
          continue
        }
        let part = parts[symbol] ?? BatchPart(batch, market)
        if parts.updateValue(part, forKey: symbol) == nil { batch.parts.append(part) }
        var command = order.command
        complete(&command, inquiry, identity, item: number)
        batch.items.append(.command(part, index: part.commands.count))
        part.commands.append(command)
        part.numbers.append(number)
      }
    }
    try sendEverywhere(batch, inquiry)
  }

  /// Cancels where the tables say that the account has open orders.
  func cancelEverywhere(_ inquiry: Inquiry, _ identity: Identity) throws(APIError) {
    let (request, deadline) = (inquiry.request, inquiry.deadline)
    let isForAll = isForAllShards(nil, inquiry)
    let calls = ShardCalls(core, inquiry)
    let scope = Scope(core, request)
    try slowly(isForAll ? .gathering : .database, request) { worker throws(APIError) in
      try scope.wait()
      let core = worker.core
      let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
      let inquiry = Inquiry(request, body: nothing, deadline: deadline)
      var command = Command(.cancelAccount)
      command.flags = OrderFlags.everySymbol.rawValue
      worker.handler.complete(&command, inquiry, identity)
      let plan = try worker.read { connection throws(PostgresError) in
        try CancelPlan(of: command, among: scope.symbols(core), connection)
      }
      let batch = Batch(request, account: identity.account)
      batch.isRepeated = plan.isRepeated
      for symbol in plan.symbols {
        guard let market = core.markets.current[symbol] else { continue }
        let part = BatchPart(batch, market)
        part.commands = [command]
        batch.parts.append(part)
      }
      guard isForAll else { return worker.handler.send(batch.parts, of: batch, inquiry) }
      worker.handler.cancelElsewhere(batch, calls, inquiry)
    }
  }

  /// Each shard makes a plan of its own, so that the call can be repeated.
  private func cancelElsewhere(_ batch: Batch, _ calls: ShardCalls, _ inquiry: Inquiry) {
    let open = core.partition.filter { $0.key != core.shard }
      .map { ShardCall(calls, $0.key, $0.value) }
    batch.expectParts(1)
    send(batch.parts, of: batch, inquiry)
    for call in open {
      do throws(APIError) {
        batch.cancelled.append(.success(try call.answer()))
      } catch {
        batch.cancelled.append(.failure(error))
      }
    }
    if batch.finishPart() { batch.answer(with: self) }
  }

  /// Lets the parts go to their engines; the last one to be answered answers the batch.
  func send(_ parts: [BatchPart], of batch: Batch, _ inquiry: Inquiry) {
    batch.expectParts(parts.count)
    for part in parts {
      do throws(APIError) {
        let mailbox = try takeMailbox(part.market, commands: part.commands.count)
        for (index, command) in part.commands.enumerated() {
          mailbox.commands.initializeElement(at: index, to: command)
        }
        post(
          mailbox, part.commands.count, part.market, .part(part), of: batch.account, inquiry)
      } catch {
        part.error = inquiry.request.honest(error)
        _ = batch.finishPart()
      }
    }
    if batch.finishPart() { batch.answer(with: self) }
  }
}
