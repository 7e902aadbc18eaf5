import API
import FastCGI
import Glibc
import SharedMemory

/// Batches with orders for symbols of other shards. Each shard gets the whole batch and which
/// symbols are meant, so an item has the same number, and with it the same name, wherever it goes.
extension Handler {
  func sendEverywhere(_ batch: Batch, _ inquiry: Inquiry) throws(APIError) {
    let isForeign = { (part: BatchPart) in part.market.place.shard != self.core.shard }
    guard batch.calls != nil, batch.parts.contains(where: isForeign) else {
      return send(batch.parts, of: batch, inquiry)
    }
    try slowly(.gathering, inquiry.request) { worker in
      worker.handler.send(batch, batch.parts)
    }
  }

  /// The parts that are this shard's go to its engines while the others answer.
  fileprivate func send(_ batch: Batch, _ parts: [BatchPart]) {
    guard let calls = batch.calls else { return }
    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
    let inquiry = Inquiry(batch.request, body: nothing, deadline: batch.deadline)
    batch.rounds += 1
    let byShard = Dictionary(grouping: parts, by: \.market.place.shard)
    let open = byShard.filter { $0.key != core.shard }
      .map { (ShardCall(calls, $0.key, $0.value.map(\.market)), $0.value) }
    batch.expectParts(1)
    send(byShard[core.shard] ?? [], of: batch, inquiry)
    for (call, parts) in open {
      do throws(APIError) {
        let results = try call.answer().list("results") ?? []
        guard results.count == batch.items.count else { throw .outcomeUnknown }
        for part in parts { part.take(results) }
      } catch {
        for part in parts { part.error = batch.request.honest(error) }
      }
    }
    if batch.finishPart() { batch.answer(with: self) }
  }
}

extension Batch {
  /// Parts whose symbol had left by the time they came to its engine go after it: true when some
  /// are under way.
  func sendAfterMoved(_ handler: Handler) -> Bool {
    let left = parts.filter(\.isElsewhere)
    guard calls != nil, !left.isEmpty, rounds < ShardCalls.mostRounds else { return false }
    do throws(APIError) {
      try handler.slowly(.gathering, request) { [self] worker in
        usleep(ShardCalls.pauseMicros)
        for part in left { part.forget() }
        renew()
        worker.handler.send(self, left)
      }
    } catch {
      // No room: what is known is told.
      return false
    }
    return true
  }
}

extension BatchPart {
  /// Nothing was done: the symbol is at another shard.
  fileprivate var isElsewhere: Bool {
    if let error { return error.code == APIError.elsewhereCode }
    guard let results, let number = numbers.first else { return false }
    let error = ShardAnswer(Array(results[number]))?.object("error")
    return error?.text("code") == APIError.elsewhereCode
  }

  fileprivate func take(_ results: [ShardAnswer.Text]) {
    self.results = results
    error = nil
  }

  fileprivate func forget() {
    results = nil
    error = nil
  }
}
