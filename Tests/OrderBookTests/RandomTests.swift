import Glibc
import TestSupport
import Testing
import Wire

/// `BOOK_SEED` repeats one run; `BOOK_COMMANDS` sets how many commands are run in all.
@Suite("The book under random commands")
struct RandomTests {
  static func setting(_ name: String) -> UInt64? {
    getenv(name).flatMap { UInt64(String(cString: $0)) }
  }

  @Test("agrees with the obvious book on every refusal, event and order")
  func agreesWithTheObviousBook() throws {
    let length = 1_000
    let seed = Self.setting("BOOK_SEED")
    let first = seed ?? UInt64.random(in: 0..<1 << 62)
    let wanted = Int(Self.setting("BOOK_COMMANDS") ?? 2_000_000)
    for run in 0..<UInt64(seed == nil ? wanted / length : 1) {
      guard var dispute = try ObviousBookDispute(seed: first &+ run, commands: length) else {
        continue
      }
      try dispute.shrink()
      let table = try dispute.table()
      Issue.record("again with BOOK_SEED=\(first &+ run)\n\(table)")
      return
    }
  }

  @Test("meets every event, every reason and every refusal the book can give")
  func meetsEverything() throws {
    var refusals: Set<Refusal> = []
    var kinds: Set<EventKind> = []
    var reasons: Set<EndReason> = []
    for seed in 0..<300 as Range<UInt64> {
      var generator = RandomCommands(seed: seed)
      var book = ObviousBook(
        rules: generator.rules, mostOrders: generator.mostOrders,
        mostRefills: generator.mostRefills)
      for _ in 0..<1_000 {
        let outcome = book.apply(generator.next(book.openOrders))
        if let refusal = outcome.refusal { refusals.insert(refusal) }
        kinds.formUnion(outcome.events.compactMap { EventKind(rawValue: $0.kind) })
        reasons.formUnion(outcome.events.compactMap { EndReason(rawValue: $0.reason) })
      }
    }
    let callers: Set<Refusal> = [.deadlinePassed, .keyReused]
    #expect(refusals == Set(Refusal.allCases).subtracting(callers))
    #expect(kinds == Set(EventKind.allCases))
    #expect(reasons == Set(EndReason.allCases))
  }
}
