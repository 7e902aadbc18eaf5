import API
import FastCGI
import SharedMemory

/// The thread that waits for engines: it answers what they replied to and gives up on what took
/// too long. Nothing here waits for anything but the bell.
final class Completion {
  let core: Core
  private let handler: Handler
  /// How long an engine may be in the middle of copying before it counts as dead.
  private static let copyingNanos: Int64 = 20_000_000
  private static let longestSleep: Int64 = 500_000_000
  /// With requests that may have to be sent on, and nobody who would ring for that.
  private static let shardedSleep: Int64 = 20_000_000

  init(_ core: Core) {
    self.core = core
    handler = Handler(core, .completion)
  }

  func run() {
    while true {
      let seen = core.slot.bell.now
      let nearest = look()
      let sleep = min(nearest - Clock.monotonicNanos(), Completion.longestSleep)
      guard sleep > 0 else { continue }
      core.completing.rest()
      core.slot.bell.wait(after: seen, timeoutNanos: sleep)
      core.completing.work()
    }
  }

  /// Finishes what can be finished; when to look again at the latest.
  private func look() -> Int64 {
    let now = Clock.monotonicNanos()
    var nearest = Int64.max
    core.pending.forEach { index, waiting in
      switch waiting.pointee.mailbox.state.phase {
      case .replied: answer(core.pending.take(index))
      case .idle:
        fail(index, .unavailable("ring_full", "the symbol has too many requests waiting"))
      default:
        if core.isSharded {
          if sendOn(index, waiting.pointee, now) { return }
          nearest = min(nearest, now + Completion.shardedSleep)
        }
        if now < waiting.pointee.deadline {
          nearest = min(nearest, waiting.pointee.deadline)
        } else if let again = giveUp(index, waiting.pointee, now) {
          nearest = min(nearest, again)
        }
      }
    }
    return nearest
  }

  /// When to try again, or nil when the request is finished.
  private func giveUp(_ index: Int, _ waiting: PendingRequest, _ now: Int64) -> Int64? {
    switch waiting.mailbox.giveUp() {
    case .answered: answer(core.pending.take(index))
    case .nothingDone:
      fail(index, .unavailable("engine_away", "the symbol's engine does not answer"))
    case .unknown: fail(index, .outcomeUnknown)
    case .retry:
      if now < waiting.deadline + Completion.copyingNanos { return now + 1_000_000 }
      fail(index, .outcomeUnknown)
    }
    return nil
  }

  func fail(_ index: Int, _ error: APIError) {
    let waiting = core.pending.take(index)
    waiting.market.leave()
    core.slot.release(waiting.mailbox)
    if case .part(let part) = waiting.task {
      part.error = waiting.request.honest(error)
      if part.batch.finishPart() { part.batch.answer(with: handler) }
    } else {
      handler.fail(error, waiting.request)
    }
  }

  func answer(_ waiting: PendingRequest) {
    waiting.market.leave()
    core.journeys[waiting.request].takenAt = waiting.mailbox.takenAt
    core.journeys[waiting.request].repliedAt = waiting.mailbox.repliedAt
    if case .part(let part) = waiting.task {
      part.takeAnswers(from: waiting.mailbox)
      core.slot.release(waiting.mailbox)
      if part.batch.finishPart() { part.batch.answer(with: handler) }
      return
    }
    let answer = waiting.mailbox.answers[0]
    if let refusal = Refusal(rawValue: answer.refusal) {
      let error = APIError(refusal, of: waiting.mailbox.commands[0])
      core.slot.release(waiting.mailbox)
      return handler.fail(error, waiting.request)
    }
    let flags = AnswerFlags(rawValue: answer.flags)
    if !flags.isDisjoint(with: [.duplicate, .fillsCutShort]) {
      let fills = Array(waiting.mailbox.fills(of: answer))
      core.slot.release(waiting.mailbox)
      return handler.completeFromTables(answer, fills, waiting)
    }
    handler.output.clear()
    switch waiting.task {
    case .cancelAll, .control(.cancelSymbol):
      handler.output.cancelled(Int(answer.affected))
    case .control(let kind):
      let command = waiting.mailbox.commands[0]
      core.slot.release(waiting.mailbox)
      return handler.finishControl(kind, command, answer, waiting)
    default:
      let fills = waiting.mailbox.fills(of: answer)
      handler.output.order(answer, fills: fills, entry: waiting.market.entry)
    }
    core.slot.release(waiting.mailbox)
    handler.succeed(waiting.task.status, waiting.request)
  }
}

extension PendingRequest.Task {
  /// Of a success.
  var status: Int { if case .place = self { 201 } else { 200 } }
}
